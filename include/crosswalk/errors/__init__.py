"""Every error Crosswalk raises, grouped by how one recovers from it.

    CrosswalkError
    ├── ConfigurationError      stop; a person changes a table, a setting or a connection
    ├── TransientError          try again; nothing is wrong on our side
    │   └── RateLimited         try again after the wait the vendor asked for
    ├── PermanentError          stop; the other system refused, trying again will not help
    │   ├── AuthRefused         the credentials, or the rights behind them, were refused
    │   └── Fenced              a newer run owns the account; this one must not write
    ├── DataError               stop; the source's answer cannot be trusted as it stands
    ├── RecordRejected          this record only; never leaves a step
    └── SafetyStop              stop; a person has to look and decide

Each carries a stable code of catalog.csv. The text says what was being done, to which key, what was found and what to do next.
It never holds a person's data or a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from crosswalk.errors.catalog import require

Item = TypeVar("Item")

_operation: ContextVar[str] = ContextVar("operation", default="")


@contextmanager
def operation(what: str) -> Iterator[None]:
    """Name what is being done, to which key ("reading contacts of smartoffice_summit"), for errors built inside the block.

    The innermost name counts. Never keep a block open across a `yield`: a generator runs in its consumer's context; see `in_operation`.
    A thread starts with an empty context, so a pool needs it handed over: `pool.submit(copy_context().run, function)`.
    """
    token = _operation.set(what)
    try:
        yield
    finally:
        _operation.reset(token)


def in_operation(what: str, items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items; `what` names the operation while each of them is made, and not while the consumer works with it."""
    iterator = iter(items)
    while True:
        with operation(what):
            try:
                item = next(iterator)
            except StopIteration:
                return
        yield item


def current_operation() -> str:
    """Return what is being done; "" outside every block."""
    return _operation.get()


class CrosswalkError(Exception):
    """An expected failure.

    Args:
        code: stable, upper case, in catalog.csv with the kind of the class; LookupError or ValueError when it is not.
        operation: what was being done, to which key; left out, it is the innermost `operation` block's.
        problem: what was found instead of what was expected.
        next_step: what to do next; left out, it is the catalog's. Give it where it can name something the catalog cannot.
    """

    def __init__(self, code: str, *, problem: str, next_step: str = "", operation: str = "") -> None:
        entry = require(code, type(self).__name__)
        self._fill(code, problem, next_step or entry.next_step, operation)

    def _fill(self, code: str, problem: str, next_step: str, operation: str) -> None:
        self.code = code
        self.operation = operation or current_operation()
        self.problem = problem
        self.next_step = next_step
        super().__init__(self._text())

    def _text(self) -> str:
        during = f"While {self.operation}: " if self.operation else ""
        return f"[{self.code}] {during}{_sentence(self.problem)}Next: {self.next_step}."

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.__dict__)


def _sentence(problem: str) -> str:
    """A list of problems has its own lines; anything else ends with a period."""
    return problem if problem.endswith("\n") else f"{problem}. "


def _rebuild(kind: type[CrosswalkError], state: dict[str, object]) -> CrosswalkError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    Exception.__init__(error, error._text())
    return error


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a table, a spec or a connection.

    place: file and row, section or field ("mapping.csv row 7"); never a value that could be a person's. next_step: left out, the catalog's.
    Raises LookupError or ValueError for a code that is not a ConfigurationError's.
    """

    code: str
    place: str
    problem: str
    next_step: str = ""

    def __post_init__(self) -> None:
        entry = require(self.code, "ConfigurationError")
        if not self.next_step:
            object.__setattr__(self, "next_step", entry.next_step)

    def __str__(self) -> str:
        return f"[{self.code}] {self.place}: {self.problem}. Next: {self.next_step}."


class ConfigurationError(CrosswalkError):
    """A table, a setting or a connection is wrong. `problems` lists everything found, not only the first, one line each in the text."""

    problems: tuple[Problem, ...] = ()

    @classmethod
    def from_problems(cls, operation: str, problems: Iterable[Problem]) -> ConfigurationError:
        listed = tuple(problems)
        first = listed[0]
        if len(listed) == 1:
            error = cls(first.code, operation=operation, problem=f"{first.place}: {first.problem}", next_step=first.next_step)
        else:
            found = "\n".join([f"{len(listed)} problems", *(f"  {number}. {one}" for number, one in enumerate(listed, 1)), ""])
            error = cls(first.code, operation=operation, problem=found, next_step="fix each of them and run again")
        error.problems = listed
        return error


class TransientError(CrosswalkError):
    """The other system, or the way to it, failed for now."""


class RateLimited(TransientError):
    """The other system asked us to wait. `wait_seconds` is what it asked for, None when it did not say."""

    wait_seconds: float | None = None


class PermanentError(CrosswalkError):
    """The other system refused. The same request will be refused again."""


class AuthRefused(PermanentError):
    """The other system did not accept who we are, or what we may do."""


class Fenced(PermanentError):
    """A newer snapshot of the account was delivered, or another run holds its lease."""


class DataError(CrosswalkError):
    """The source's answer is incomplete, contradictory or not what its contract says."""

    @classmethod
    def of_rule(cls, code: str, *, problem: str, next_step: str, operation: str = "") -> DataError:
        """Build the error of a critical validation rule: code and next step are those of the integration's spec.toml."""
        error = cls.__new__(cls)
        error._fill(code, problem, next_step, operation)
        return error


class RecordRejected(CrosswalkError):
    """One record cannot travel. Caught inside the step that raised it."""


class SafetyStop(CrosswalkError):
    """Going on could destroy good data. Nothing was written."""
