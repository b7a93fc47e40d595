"""The `crosswalk` command.

Exit codes: 0 fine · 1 the answer is that something is not well · 2 wrong usage or configuration · 3 try again later.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from crosswalk.cli.parser import build_parser
from crosswalk.errors import ConfigurationError, CrosswalkError, TransientError

FINE, NOT_WELL, WRONG, LATER = 0, 1, 2, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except CrosswalkError as error:
        print(error, file=sys.stderr)
        return _code(error)
    except BrokenPipeError:
        sys.stderr.close()
        return FINE


def _code(error: CrosswalkError) -> int:
    if isinstance(error, ConfigurationError):
        return WRONG
    return LATER if isinstance(error, TransientError) else NOT_WELL


if __name__ == "__main__":
    sys.exit(main())
