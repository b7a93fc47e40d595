"""What all tests share: golden files are rewritten on request, and nothing reaches another machine."""

from __future__ import annotations

# isort: off
import embedded_airflow  # noqa: F401 - first: nothing may look for a home of Airflow before

# isort: on
import gc
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from cpu_time import CpuTime
from figures import FAULT_POINT, PROPERTY, Figure, Tally, coverage, summed, table, write
from remembered import remember_validations
from world import WorldMaker, world

AIRFLOW = "tests/dags/"
LOCAL = {"127.0.0.1", "localhost", "::1", "0.0.0.0"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="rewrite golden files and snapshots instead of comparing")
    parser.addoption("--full", action="store_true", help="the reliability tests with all their cases")
    parser.addoption("--cpu", action="store_true", help="show the modules and tests that take the most CPU time")
    parser.addoption("--figures", metavar="PAGE", help="write the table of figures into this page")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--cpu"):
        config.pluginmanager.register(CpuTime())


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what the reliability tests tried; with --figures, write it into the page."""
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.stats.get(outcome, []) if one.when == "call"]
    found = [Figure(*value) for one in reports for name, value in one.user_properties if name == PROPERTY]
    if found:
        killed = [tuple(value) for one in reports for name, value in one.user_properties if name == FAULT_POINT]
        lines = [*table(summed(found)), *(["", *coverage(killed)] if killed else [])]
        terminalreporter.section("promises")
        terminalreporter.write_line("\n".join(lines))
        if config.getoption("--figures"):
            write(Path(config.getoption("--figures")), lines)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: the worker with the real Airflows mostly waits for them."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep tests/dags in one worker, which begins with it; all else is spread file by file.

    The files of tests/dags/shared share a real Airflow, and two real Airflows at once would only take CPU time from each other. It comes
    first because it takes longest: at the end all other workers would wait for it.
    """
    from xdist.scheduler import LoadScopeScheduling

    class AirflowFirst(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return AIRFLOW if nodeid.startswith(AIRFLOW) else str(super()._split_scope(nodeid))

        def _assign_work_unit(self, node: Any) -> None:
            if AIRFLOW in self.workqueue:
                self.workqueue.move_to_end(AIRFLOW, last=False)
            super()._assign_work_unit(node)

    return AirflowFirst(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_finish() -> None:
    """Thousands of collected tests live until the end: without this every full garbage collection would look at all of them."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--golden"))


@pytest.fixture(scope="session", autouse=True)
def validated_once() -> Iterator[None]:
    """Most tests run the same few small worlds: what was validated before is remembered."""
    with remember_validations():
        yield


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail any connection to another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and str(address[0]) not in LOCAL:
            raise AssertionError(f"a test reached for {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[WorldMaker]:
    """Make worlds; their sandboxes stop with the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(world(tmp_path / secrets.token_hex(4), **settings))


@pytest.fixture
def tally(record_property: Callable[[str, object], None], request: pytest.FixtureRequest) -> Tally:
    """Report a figure of a promise; it is printed at the end with all the others."""

    def report(promise: str, what: str, tried: int, violated: int = 0) -> None:
        assert tried > 0, f"nothing was tried for {promise}: {what}"
        record_property(PROPERTY, astuple(Figure(promise, what, tried, violated, request.node.nodeid.partition("::")[0])))

    return report
