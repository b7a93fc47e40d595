"""Every call of a write-back to the world, counted: requests, commits, files. A process can be killed or stopped before and after each."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import pytest
from sqlalchemy.engine.default import DefaultDialect

from crosswalk.landing.local import LocalStorage
from crosswalk.wire.pinned_adapter import PinnedAdapter

LONGEST = 120
"""Seconds a child may take before it is ended."""

CALLS: tuple[tuple[type, str, str], ...] = (
    (PinnedAdapter, "send", "request"),
    (DefaultDialect, "do_commit", "commit"),
    (LocalStorage, "replace", "file"),
)

Reached = Callable[[int, str], None]
"""Told of each point as it is reached: its number from 1, and what it is."""


@contextmanager
def counted(reached: Reached) -> Iterator[None]:
    """Tell of the points before and after each call, until the with-block ends."""
    passed = 0

    def tell(what: str) -> None:
        nonlocal passed
        passed += 1
        reached(passed, what)

    def wrap(original: Callable[..., Any], name: str) -> Callable[..., Any]:
        def wrapped(*args: Any, **named: Any) -> Any:
            tell(f"before {name}")
            answer = original(*args, **named)
            tell(f"after {name}")
            return answer

        return wrapped

    with pytest.MonkeyPatch.context() as patch:
        for owner, method, name in CALLS:
            patch.setattr(owner, method, wrap(getattr(owner, method), name))
        yield


class Child:
    """A process that does some work and meets a signal at one of its points. number 0: at none."""

    def __init__(self, work: Callable[[], Any], number: int = 0, sent: signal.Signals = signal.SIGKILL) -> None:
        self._code: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            self._live(work, number, sent)

    def _live(self, work: Callable[[], Any], number: int, sent: signal.Signals) -> None:
        code = 1
        try:
            signal.alarm(LONGEST)
            with counted(lambda passed, _what: os.kill(os.getpid(), sent) if passed == number else None):
                work()
            code = 0
        except BaseException as error:  # noqa: BLE001 - the parent's tests must never go on here
            code = 3 if getattr(error, "code", "") in ("LEASE_LOST", "ACCOUNT_BUSY") else 1
            if code == 1:
                os.write(2, f"{error!r}\n".encode())
        finally:
            sys.stderr.flush()
            os._exit(code)

    def stopped(self) -> bool:
        """Wait until it stops, or has ended before."""
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        self._code = None if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)
        return self._code is None

    def wake(self) -> int:
        """Let it go on to its end; 0 well, 3 fenced."""
        os.kill(self.pid, signal.SIGCONT)
        return self.end()

    def end(self) -> int:
        """Wait for its end; the negative number of the signal when it was killed."""
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Kill it, if it still lives."""
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)
            self.end()
