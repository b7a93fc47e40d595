"""An undo that cannot bring back the whole list brings back nothing, and a retry takes nothing away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.errors import ConfigurationError, CrosswalkError, Fenced
from crosswalk.integrations.releasing import release_account
from memory import NAME, MemoryOffice


def _nothing_delivered(office: MemoryOffice) -> int | None:
    release_account(office.store, NAME, "summit")
    return None


def _unknown(_office: MemoryOffice) -> int | None:
    return 7


def _ahead(office: MemoryOffice) -> int | None:
    office.target.generation += 1
    return None


def _purged(office: MemoryOffice) -> int | None:
    office.zone.storage.remove_folder(("data", NAME, "summit", "2"))
    return None


def _other_columns(office: MemoryOffice) -> int | None:
    """The list before lacks a field, as one landed by another version."""
    from crosswalk.landing.folder import Folder

    whole = Folder.read_entity

    def lacking(self: Folder, name: str) -> object:
        return whole(self, name).drop(columns="nickname") if name == "target_contact" and self.key.snapshot == 2 else whole(self, name)

    Folder.read_entity = lacking  # type: ignore[assignment, method-assign]
    return None


@pytest.mark.requirement("SAFE-7")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_nothing_delivered, "UNDO_NOTHING"),
        (_unknown, "UNDO_UNKNOWN"),
        (_ahead, "UNDO_UNSETTLED"),
        (_purged, "UNDO_EXPIRED"),
        (_other_columns, "UNDO_SHAPE"),
    ],
)
def test_an_undo_that_cannot_be_whole_writes_nothing(
    delivered: MemoryOffice, change: Callable[[MemoryOffice], int | None], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crosswalk.landing.folder import Folder

    delivered.source.contacts[0]["Greeting"] = "Changed"
    delivered.run()
    before = delivered.target.seen(), delivered.target.writes
    monkeypatch.setattr(Folder, "read_entity", Folder.read_entity)
    generation = change(delivered)
    with pytest.raises(CrosswalkError) as caught:
        delivered.account().undo("undo", generation=generation)
    assert caught.value.code == code
    assert (delivered.target.seen(), delivered.target.writes) == before


@pytest.mark.requirement("SAFE-4", "SAFE-7")
def test_an_undo_waits_for_no_other_run_and_asks_nobody(delivered: MemoryOffice) -> None:
    delivered.store.leases.acquire(delivered.store.runs.latest(NAME, "summit", limit=1)[0].key, "dag another", 60)
    with pytest.raises(Fenced, match="ACCOUNT_BUSY"):
        delivered.account().undo("undo")


@pytest.mark.requirement("SAFE-7")
def test_an_undo_the_target_takes_only_in_part_is_not_made(delivered: MemoryOffice) -> None:
    for contact in delivered.source.contacts[:3]:
        contact["Greeting"] = "Changed"
    delivered.run()
    before = delivered.target.seen()
    delivered.target.answer = lambda operation: "INVALID" if operation.key == "Contact.7.1" else ""
    with pytest.raises(CrosswalkError, match="TGT_MANY_REFUSED"):
        delivered.account().undo("undo")
    assert delivered.target.seen() == before


@pytest.mark.requirement("SAFE-10")
def test_a_retry_delivers_nothing_else_and_deletes_nothing(delivered: MemoryOffice) -> None:
    delivered.source.contacts[0]["LastName"] = ""
    delivered.run()
    delivered.source.contacts[0]["LastName"] = "Back"
    delivered.source.contacts[1]["LastName"] = "Other"
    del delivered.source.contacts[15:]
    before = delivered.target.by_source()
    row = delivered.run(only={"Contact.7.1"})
    assert row.status is RunStatus.SUCCESS
    assert delivered.target.by_source() == {**before, "Contact.7.1": {**before["Contact.7.1"], "last_name": "Back"}}


@pytest.mark.requirement("FMG-11", "SAFE-10")
def test_a_retry_takes_no_address_from_one_that_is_left_out(delivered: MemoryOffice) -> None:
    delivered.source.contacts[0]["LastName"] = ""
    delivered.run()
    delivered.source.contacts[0] |= {"LastName": "Back", "PreferredEmail.Address": "quill2@example.test"}
    delivered.source.contacts[1]["PreferredEmail.Address"] = "new@example.test"
    before = delivered.target.by_source()
    assert delivered.run(only={"Contact.7.1"}).status is RunStatus.PARTIAL
    assert delivered.target.by_source() == before
    assert [one.code for one in delivered.store.rejected.open(NAME, "summit")] == ["EMAIL_DUPLICATE"]


@pytest.mark.requirement("SAFE-10")
def test_a_retry_is_no_first_delivery(office: MemoryOffice) -> None:
    with pytest.raises(ConfigurationError, match="RETRY_TOO_EARLY"):
        office.run(only={"Contact.7.1"})
    assert office.target.writes == 0
