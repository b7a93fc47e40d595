"""Measure the five steps in one process, against any server that keeps the declared contracts.

    python benchmarks/run.py --source-url http://127.0.0.1:8900/smartoffice/xmlengine --target-url http://127.0.0.1:8900/fmg
    python benchmarks/run.py --sandbox 3000 30000

prints one JSON line a run; see benchmarks/README.md for what each number means.
"""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import argparse  # noqa: E402
import json  # noqa: E402
import logging  # noqa: E402
import resource  # noqa: E402
import socket  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

OFFICE, USER, PASSWORD, ACCOUNT, API_KEY = "DEMO01", "integration", "sandbox-secret", "FMG-1001", "sandbox-key"


def main() -> int:
    """Run what the arguments ask for."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.ERROR, stream=sys.stderr)
    if arguments.sandbox:
        return _against_sandbox(arguments.sandbox)
    if not (arguments.source_url and arguments.target_url):
        print("give --source-url and --target-url, or --sandbox", file=sys.stderr)
        return 2
    line = _measure(arguments)
    print(json.dumps(line))
    return 0 if line["status"] in {"success", "partial", "dry_run"} else 1


class _Help(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Description as written, defaults shown."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Help)
    parser.add_argument("--source-url", help="the SmartOffice XML Engine, with its path")
    parser.add_argument("--target-url", help="FMG, up to but without /v1")
    parser.add_argument("--office", default=OFFICE, help="SmartOffice office")
    parser.add_argument("--user", default=USER, help="SmartOffice user")
    parser.add_argument("--password", default=PASSWORD, help="its password")
    parser.add_argument("--account", default=ACCOUNT, help="FMG account")
    parser.add_argument("--api-key", default=API_KEY, help="FMG API key")
    parser.add_argument("--group", action="append", help="only this tag group; may be repeated")
    parser.add_argument("--paging", choices=["search", "report"], default="search", help="how SmartOffice is read")
    parser.add_argument("--state", type=Path, help="folder that keeps store and landing zone between runs; a new one each time without it")
    parser.add_argument("--approve", action="store_true", help="answer a held plan with Approve instead of leaving it held")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--full-resync", action="store_true")
    parser.add_argument("--undo", action="store_true", help="put the previous list back instead of delivering; with --state")
    parser.add_argument("--requests-per-second", type=float, default=1000.0, help="our own limit; the server sets the pace")
    parser.add_argument("--sandbox", type=int, nargs="+", metavar="CONTACTS", help="measure against our sandbox, at these sizes")
    parser.add_argument("--verbose", action="store_true", help="log progress to standard error")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.state is None:
        with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder:
            return _run(arguments, Path(folder))
    arguments.state.mkdir(parents=True, exist_ok=True)
    return _run(arguments, arguments.state.resolve())


def _run(arguments: argparse.Namespace, state: Path) -> dict[str, Any]:
    from crosswalk.errors import CrosswalkError

    account, source, target = _account(arguments, state)
    began = time.perf_counter()
    problem = ""
    try:
        if arguments.undo:
            row = account.undo("benchmark", dry_run=arguments.dry_run)
        else:
            approve = (lambda _: True) if arguments.approve else None
            row = account.run("benchmark", dry_run=arguments.dry_run, full_resync=arguments.full_resync, approve=approve)
    except CrosswalkError as error:
        problem = str(error)
        row = account.store.runs.latest(account.settings.integration, account.settings.name, limit=1)[0]
    work = time.perf_counter() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "work_s": round(work, 3),
        "whole_s": round(time.perf_counter() - STARTED, 3),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_mb": round(usage.ru_maxrss / 1024, 1),
        "reads": source.sent.total() + target.sent["GET"],
        "writes": target.sent.total() - target.sent["GET"],
        "outcomes": row.counts.get("plan", {}),
        "status": row.status.value,
        "steps_s": row.durations,
        "holds": [hold["code"] for hold in row.holds],
        "error": problem,
    }


def _account(arguments: argparse.Namespace, state: Path) -> tuple[Any, Any, Any]:
    from crosswalk.core.account_settings import AccountSettings
    from crosswalk.engine.in_process import Account
    from crosswalk.integrations.specs import load_spec
    from crosswalk.landing.zone import LandingZone
    from crosswalk.store.database import connect
    from crosswalk.store.migrate import migrate
    from crosswalk.store.store import Store
    from crosswalk.systems.fmg.client import FmgClient
    from crosswalk.systems.fmg.target import FmgTarget
    from crosswalk.systems.smartoffice.client import SmartOfficeClient
    from crosswalk.systems.smartoffice.source import SmartOfficeSource
    from crosswalk.wire.connection import connection_settings

    engine = connect(f"sqlite:///{state / 'store.db'}")
    migrate(engine)
    pace: dict[str, Any] = {"requests_per_second": arguments.requests_per_second, "allow_private_network": True}
    who = {"office": arguments.office, "login": arguments.user, "password": arguments.password, "paging": arguments.paging}
    source = SmartOfficeClient(connection_settings("smartoffice", arguments.source_url, **who, **pace))
    key = {"account": arguments.account, "password": arguments.api_key}
    target = FmgClient(connection_settings("fmg", arguments.target_url, **key, **pace))
    scope = tuple(arguments.group) if arguments.group else None
    settings = AccountSettings("bench", "smartoffice_to_fmg", "smartoffice", "fmg", scope, "daily", {})
    zone = LandingZone.open(f"file://{state / 'landing'}")
    spec = load_spec("smartoffice_to_fmg")
    return Account(settings, spec, Store(engine), zone, SmartOfficeSource(source), FmgTarget(target)), source, target


def _against_sandbox(sizes: list[int]) -> int:
    import requests

    worst = 0
    for contacts in sizes:
        groups = max(1, contacts // 30)
        with _sandbox(contacts, groups) as url, tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as state:
            for name in ("first", "unchanged", "one_percent", "undo_one_percent", "undo_undo"):
                if name == "one_percent":
                    body = {"first": max(1, contacts // 100), "set": {"PreferredAddress.City": "Newtown"}}
                    requests.post(f"{url}/_sandbox/smartoffice/offices/{OFFICE}/contacts/bulk", json=body, timeout=60).raise_for_status()
                worst = max(worst, _one(name, contacts, groups, url, state))
            with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as other:
                requests.post(f"{url}/_sandbox/reset", json={}, timeout=60).raise_for_status()
                for name in ("first_again", "undo_first"):
                    worst = max(worst, _one(name, contacts, groups, url, other))
    return worst


@contextmanager
def _sandbox(contacts: int, groups: int) -> Iterator[str]:
    """Run a sandbox in a process of its own, so that its work is not measured as ours."""
    import requests

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "crosswalk.sandbox", "--port", str(port), "--contacts", str(contacts), "--groups", str(groups)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                requests.get(f"{url}/_sandbox/", timeout=5).raise_for_status()
                break
            except requests.ConnectionError:
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait()


def _one(name: str, contacts: int, groups: int, url: str, state: str) -> int:
    """Run this file again in a process of its own, so that each figure stands for itself."""
    command = [sys.executable, __file__, "--source-url", f"{url}/smartoffice/xmlengine", "--target-url", f"{url}/fmg", "--state", state]
    command += ["--undo"] if name.startswith("undo") else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if not done.stdout.strip():
        print(done.stderr, file=sys.stderr)
        return 1
    print(json.dumps({"run": name, "contacts": contacts, "groups": groups, **json.loads(done.stdout)}), flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
