"""Children forked off a process that has everything imported, which begin at the same instant."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

Wait = Callable[[], None]

LONGEST = 1800
"""Seconds a child may take before it is ended."""


def at_once(names: list[str], work: Callable[[str, Wait], Any]) -> list[Any]:
    """Run work(name, wait) in a process for each name and return what they returned.

    `wait` returns in all of them at the same instant, every time it is called.
    """
    ready = multiprocessing.get_context("fork").Barrier(len(names))
    pipes = []
    for name in names:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _child(writing, lambda name=name: work(name, lambda: _together(ready)))  # type: ignore[misc]
        os.close(writing)
        pipes.append((pid, reading))
    told = []
    for pid, reading in pipes:
        with os.fdopen(reading) as answers:
            text = answers.read()
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0, f"a child ended with {os.waitstatus_to_exitcode(status)}: {text}"
        told.append(json.loads(text))
    return told


def _together(ready: Any) -> None:
    ready.wait(LONGEST)


def _child(writing: int, work: Callable[[], Any]) -> None:
    code = 1
    try:
        signal.alarm(LONGEST)
        with os.fdopen(writing, "w") as answers:
            answers.write(json.dumps(work()))
        code = 0
    except BaseException as error:  # noqa: BLE001 - the parent looks at it, and its tests must never go on here
        os.write(2, f"{error!r}\n".encode())
    finally:
        os._exit(code)
