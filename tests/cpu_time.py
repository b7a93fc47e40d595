"""Where the suite's time goes: the CPU seconds of each test with all its child processes, shown by `pytest --cpu`.

Wall time says little on two shared cores: a test that waits for Airflow looks as slow as one that computes. CPU seconds add up instead.
The first test of a module also pays for its module's fixtures; what runs in the background counts for the test it ran beside.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROPERTY = "cpu"
MODULES, TESTS = 60, 40
"""How many of the slowest are shown."""


def spent() -> float:
    """CPU seconds of this process and its descendants so far, ended or running. Needs /proc; without it, running children are left out."""
    processes = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        processes[int(path.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    if os.getpid() not in processes:
        return sum(os.times()[:4])
    ours, found = {os.getpid()}, True
    while found:
        found = {pid for pid, (parent, _) in processes.items() if parent in ours} - ours
        ours |= found
    return sum(processes[pid][1] for pid in ours) / os.sysconf("SC_CLK_TCK")


class CpuTime:
    """The plugin behind --cpu."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        self.before = spent()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        try:
            return (yield)
        finally:
            item.user_properties.append((PROPERTY, max(0.0, spent() - self.before)))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the modules and the tests that took most."""
        tests: dict[str, float] = defaultdict(float)
        for report in (one for found in terminalreporter.stats.values() for one in found):
            if getattr(report, "when", "") == "teardown":
                tests[report.nodeid] += sum(value for name, value in report.user_properties if name == PROPERTY)
        modules: dict[str, float] = defaultdict(float)
        for name, seconds in tests.items():
            modules[name.partition("::")[0]] += seconds
        terminalreporter.section(f"CPU seconds: {sum(tests.values()):.0f}")
        for which, most in ((modules, MODULES), (tests, TESTS)):
            for name, seconds in sorted(which.items(), key=lambda one: -one[1])[:most]:
                terminalreporter.write_line(f"{seconds:9.1f}  {name}")
            terminalreporter.write_line("")
