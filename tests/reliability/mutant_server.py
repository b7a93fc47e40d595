"""A process that has the product and the tests imported and no threads, and forks a child for every mutant.

In, one JSON list a line: [numbers of mutants whose tests are run, whether their guard is removed, file for the output]. Out: "ready",
then the exit code of pytest for each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback

import embedded_airflow  # noqa: F401 - first: nothing may look for a home of Airflow before

# isort: split
import pytest
import tqdm  # type: ignore[import-untyped]
from hypothesis import settings
from pyrate_limiter import BucketFactory

from reliability.forking import settle
from reliability.mutants import MUTANTS, WARM
from reliability.mutation import Mutant, apply
from remembered import remember_validations, without_reports

LONGEST = 280
"""Seconds a child may take before it is ended; its code is then none of pytest's."""

BROKEN = 70
OPTIONS = [
    "-q",
    "-x",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "--no-header",
    "--tb=short",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
]


def fork(numbers: list[int], removed: bool, output: str) -> int:
    """Run the tests of these mutants in a child; return its exit code."""
    pid = os.fork()
    if pid == 0:
        _child([MUTANTS[number] for number in numbers], removed, output)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _child(mutants: list[Mutant], removed: bool, output: str) -> None:
    code = BROKEN
    try:
        signal.alarm(LONGEST)
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        if removed:
            for mutant in mutants:
                apply(mutant)
        code = int(pytest.main([*OPTIONS, *dict.fromkeys(test for mutant in mutants for test in mutant.arguments)]))
    except BaseException:  # noqa: BLE001 - the parent's loop must never go on in a child
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def warm() -> None:
    """Run some tests here, so that children find modules and caches; no thread may be left of it."""
    code = pytest.main([*OPTIONS, *WARM])
    assert code == 0, code
    settle()


def serve() -> None:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing else may write between the answers
    tqdm.tqdm.monitor_interval = 0
    BucketFactory.leak_interval = 50  # type: ignore[assignment, method-assign]
    settings.register_profile("mutants", database=None, derandomize=True)
    settings.load_profile("mutants")
    with remember_validations(), without_reports():
        warm()
        print(json.dumps("ready"), file=answers, flush=True)
        for line in sys.stdin:
            print(json.dumps(fork(*json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    serve()
