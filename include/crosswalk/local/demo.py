"""Every integration through real Airflow, from one command: `python -m crosswalk.local.demo`.

The scenarios (scenarios/, one per integration) say what runs and how each account is expected to end. Exits 0 only when each ended as
expected. A second demo finds the same world: what did not change is not written again.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console

from crosswalk.cli.screen import Screen, print_results
from crosswalk.errors import CrosswalkError, TransientError
from crosswalk.local.airflow_api import LocalApi
from crosswalk.local.demo_driver import DemoDriver
from crosswalk.local.environment import Place, find_place
from crosswalk.local.results import Result, write_summary
from crosswalk.local.stack import bring_up

if TYPE_CHECKING:
    from crosswalk.store.store import Store

RUN_SECONDS = 1800
LOOK_SECONDS = 1.5


def main() -> int:
    """Run the demo; returns the exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    console = Console(highlight=False)
    try:
        return _demo(find_place(), console)
    except CrosswalkError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130


def _demo(place: Place, console: Console) -> int:
    started = time.monotonic()

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    world, stack, ours = bring_up(place, say)
    try:
        api, store = LocalApi(stack), _store(place)
        drivers = [DemoDriver(api, world.sandbox, store, scenario, say) for scenario in world.scenarios]
        _watch(drivers, console)
    finally:
        if ours:
            stack.stop()
    results = [result for driver in drivers for result in driver.results]
    _report(place, console, results, time.monotonic() - started)
    if not all(result.ok for result in results):
        console.print("[red]Not every account ended as expected.[/] Logs are in .local/logs and .local/airflow/logs.")
        return 1
    return 0


def _store(place: Place) -> Store:
    from crosswalk.store.database import connect
    from crosswalk.store.store import Store

    return Store(connect(f"sqlite:///{place.store}"))


def _watch(drivers: list[DemoDriver], console: Console) -> None:
    """Show progress until every account is at an end, or waits for a person."""
    began = time.monotonic()
    with Screen(console, "demo") as screen:
        while (seconds := time.monotonic() - began) < RUN_SECONDS:
            for driver in drivers:
                driver.step()
            screen.show({account: steps for driver in drivers for account, steps in driver.steps.items()}, seconds)
            if all(driver.over for driver in drivers):
                return
            time.sleep(LOOK_SECONDS)
    raise TransientError("LOCAL_DEMO", operation="waiting for the accounts", problem=f"not over after {RUN_SECONDS} s")


def _report(place: Place, console: Console, results: list[Result], seconds: float) -> None:
    print_results(console, [result.row() for result in results])
    for result in results:
        console.print(f"{result.account}: {result.report}", markup=False, soft_wrap=True)
    path = write_summary(place, results, seconds)
    console.print(f"Summary: {path}   ({seconds:.0f} s)", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
