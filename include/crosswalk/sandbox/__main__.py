"""python -m crosswalk.sandbox: the server alone, without the crosswalk command."""

from __future__ import annotations

import argparse
import logging

from crosswalk.sandbox.server import serve


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m crosswalk.sandbox")
    parser.add_argument("--host", default="127.0.0.1")
    for name, default in (("port", 8900), ("contacts", 30_000), ("groups", 1_000), ("seed", 7)):
        parser.add_argument(f"--{name}", type=int, default=default)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    serve(chosen.host, chosen.port, chosen.contacts, chosen.groups, chosen.seed)


if __name__ == "__main__":
    main()
