"""CRM → Mindmatrix cut short at every call of a delivery, before and after the vendor did it, and read from a CRM that lies: in short form.

After each accident the load is cleared, as on-call does; Mindmatrix then holds what an undisturbed run leaves, each contact once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crm_world import CrmWorld, sandbox
from crosswalk.core.model import RunStatus
from crosswalk.core.ports import Page
from crosswalk.engine.context import Run, Trigger
from crosswalk.engine.extract import extract
from crosswalk.engine.load import load
from crosswalk.engine.transform import transform
from crosswalk.engine.validate import validate
from crosswalk.errors import DataError, TransientError
from crosswalk.sandbox.server import SandboxServer
from figures import Tally
from integrations.crm_to_mindmatrix.crms import CRMS, CUSTOMER

ACCIDENTS = [(at, False) for at in ("state", "send 1", "commit", "pages")] + [(at, True) for at in ("open", "send 1", "send 2", "commit")]
"""Which call breaks, and whether the vendor had carried it out."""
ALL = range(1, 321)
"""More than one batch of 200."""


@pytest.fixture(scope="module")
def box() -> Iterator[SandboxServer]:
    with sandbox() as server:
        yield server


@dataclass
class Accident:
    """Breaks one call of a target: before the vendor hears of it, or after it did."""

    inner: Any
    at: str
    after: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def state(self) -> Any:
        return self._call("state", self.inner.state)

    def pages(self, entity: str) -> Any:
        return self._call("pages", lambda: self.inner.pages(entity))

    def open(self, **arguments: Any) -> Any:
        return Accident(self._call("open", lambda: self.inner.open(**arguments)), self.at, self.after)

    def send(self, number: int, operations: Sequence[Any]) -> Any:
        return self._call("send 1" if number == 1 else "send 2", lambda: self.inner.send(number, operations))

    def commit(self, *arguments: Any) -> Any:
        return self._call("commit", lambda: self.inner.commit(*arguments))

    def _call(self, name: str, call: Callable[[], Any]) -> Any:
        broken = name == self.at
        answer = None if broken and not self.after else call()
        if broken:
            raise TransientError("CONN_BROKEN", operation=f"calling {name}", problem="the connection broke", next_step="clear the task")
        return answer


@pytest.mark.parametrize(("at", "after"), ACCIDENTS)
@pytest.mark.requirement("SAFE-5")
def test_a_delivery_cut_short_anywhere_ends_as_if_it_had_not_been(
    box: SandboxServer, tmp_path: Path, at: str, after: bool, tally: Tally
) -> None:
    crm = CRMS[0] if after else CRMS[1]
    world = CrmWorld(box.url, tmp_path / "world", crm)
    world.clean()
    world.put("companies", crm.company(11, active=True, kind=CUSTOMER))
    world.put("contacts", *(crm.contact(one, active=True, company=11, email=f"a{one}@example.test") for one in ALL))
    account = world.account()
    begun = Run.begin(account.settings, account.spec, world.store, world.zone, Trigger("test", "night"))
    extract(begun, account.source, account.target)
    validate(begun)
    transform(begun)
    with pytest.raises(TransientError):
        load(begun, Accident(account.target, at, after), lambda: account.source)
    row = world.account().clear(begun.key, "load")
    emails = sorted(one["email"] for one in world.held().values())
    assert row.status is RunStatus.SUCCESS
    assert emails == sorted(f"a{one}@example.test" for one in ALL)
    assert world.run("next").counts["plan"] == {"contact": {"unchanged": len(ALL)}}
    tally("nothing twice, nothing lost", f"CRM → Mindmatrix cut short {'after' if after else 'before'} {at}", 1)


@dataclass
class Lying:
    """A CRM that leaves the last page out, or says one more is there than it shows."""

    inner: Any
    lie: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def pages(self, entity: str, scope: Sequence[str] | None) -> Iterator[Page]:
        pages = list(self.inner.pages(entity, scope))
        for page in pages:
            rows = page.rows[:-1] if self.lie == "short" else [*page.rows, page.rows[0]]
            yield Page(rows, page.total, page.fields_seen, page.unknown_fields)


@pytest.mark.parametrize("lie", ["short", "twice"])
@pytest.mark.parametrize("crm", CRMS, ids=lambda one: one.system)
@pytest.mark.requirement("SAFE-1")
def test_a_crm_that_lies_moves_nothing(box: SandboxServer, tmp_path: Path, crm: Any, lie: str, tally: Tally) -> None:
    world = CrmWorld(box.url, tmp_path / "world", crm, options={"delete_inactive": True})
    world.clean()
    world.put("companies", crm.company(11, active=True, kind=CUSTOMER))
    world.put("contacts", *(crm.contact(one, active=True, company=11, email=f"a{one}@example.test") for one in range(1, 6)))
    world.run("first")
    before, writes = world.held(), world.requests("mindmatrix")["writes"]
    with pytest.raises(DataError) as caught:
        world.account(Lying(world.crm.source(world.url), lie)).run("lied to")
    assert caught.value.code == {"short": "SRC_COUNT_MISMATCH", "twice": "SRC_DUPLICATE_ID"}[lie]
    assert (world.held(), world.requests("mindmatrix")["writes"]) == (before, writes)
    tally("a failed read is never an empty one", f"CRM → Mindmatrix, {lie}", 1)
