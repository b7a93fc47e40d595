"""What extract refuses before anything is landed or written."""

from __future__ import annotations

import pytest

from crosswalk.core.model import RunKey, RunStatus
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, DataError, Fenced, PermanentError, TransientError
from memory import NAME, OFFICE, MemoryOffice, MemoryTarget, person


def refused(office: MemoryOffice, kind: type[CrosswalkError]) -> str:
    """How the run ends; nothing was sent, nothing changed."""
    before = office.target.writes, office.target.seen(), office.target.seen("group")
    with pytest.raises(kind) as caught:
        office.run()
    assert (office.target.writes, office.target.seen(), office.target.seen("group")) == before
    row = office.store.runs.latest(NAME, "summit", limit=1)[0]
    assert (row.status, row.error_code) == (RunStatus.FAILED, caught.value.code)
    return caught.value.code


@pytest.mark.requirement("FMG-01")
def test_without_the_right_nothing_is_read(office: MemoryOffice) -> None:
    office.source.right = False
    assert refused(office, AuthRefused) == "RIGHT_MISSING"
    assert office.source.asked == ["right"]


@pytest.mark.requirement("FMG-09")
def test_over_a_limit_no_record_is_read(office: MemoryOffice) -> None:
    office.source.counted = {"contact": 30_001}
    assert refused(office, PermanentError) == "LIMIT_CONTACTS"
    assert office.source.asked == ["right", "totals"]


@pytest.mark.requirement("SAFE-1")
def test_a_list_shorter_than_the_database_counts_is_not_the_whole(office: MemoryOffice) -> None:
    office.source.counted = {"contact": 21}
    assert refused(office, DataError) == "SRC_COUNT_MISMATCH"


@pytest.mark.requirement("FMG-02")
@pytest.mark.parametrize("owner", [{**OFFICE, "office": "OTHER"}, {**OFFICE, "system": "another"}, {}])
def test_a_list_that_another_source_manages_is_left_alone(office: MemoryOffice, owner: dict[str, str]) -> None:
    office.target.managed_by = owner
    assert refused(office, ConfigurationError) == "TGT_MANAGED_ELSEWHERE"
    assert "contact" not in office.source.asked


@pytest.mark.requirement("FMG-02")
def test_an_account_that_leads_elsewhere_by_now_asks_nobody(delivered: MemoryOffice) -> None:
    delivered.source.asked.clear()
    delivered.source.office = "OTHER"
    assert refused(delivered, ConfigurationError) == "CONN_SOURCE_CHANGED"
    assert delivered.source.asked == []


@pytest.mark.requirement("SAFE-4")
def test_a_target_that_knows_later_snapshots_moves_our_numbers_on(office: MemoryOffice) -> None:
    office.target.last_snapshot = 7
    assert refused(office, TransientError) == "SNAPSHOT_BEHIND"
    assert office.run().key.snapshot == 8
    assert len(office.target.seen()) == 20


@pytest.mark.requirement("SAFE-4")
def test_while_another_run_has_the_account_nobody_is_asked(office: MemoryOffice) -> None:
    lease = office.store.leases.acquire(RunKey(NAME, "summit", 99), "dag another", 60)
    assert refused(office, Fenced) == "ACCOUNT_BUSY"
    assert office.source.asked == []
    office.store.leases.release(lease)
    assert office.run().status is RunStatus.SUCCESS


@pytest.mark.requirement("SAFE-1")
def test_a_mapped_field_no_record_has_stops_the_run(office: MemoryOffice) -> None:
    office.source.gone_fields = frozenset({"Greeting"})
    assert refused(office, DataError) == "SRC_FIELD_GONE"


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_mapped_field_missing_from_one_page_stops_the_run(office: MemoryOffice, page: int) -> None:
    office.source.page_size, office.source.gone_fields, office.source.gone_on = 7, frozenset({"Greeting"}), page
    assert refused(office, DataError) == "SRC_FIELD_GONE"


@pytest.mark.requirement("SAFE-1")
def test_a_database_that_changes_while_it_is_read_is_read_again_later(office: MemoryOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = iter([{"contact": 21, "group": 2}, {"contact": 20, "group": 2}])
    monkeypatch.setattr(office.source, "totals", lambda: next(counted))
    assert refused(office, TransientError) == "SRC_READ_UNSTABLE"


@pytest.mark.requirement("SAFE-1")
def test_a_read_that_begins_again_brings_every_record_once(office: MemoryOffice) -> None:
    office.source.restarts = 2
    assert office.run().status is RunStatus.SUCCESS
    assert set(office.target.by_source()) == {one["source_id"] for one in office.source.contacts}
    office.source.restarts = 3
    assert refused(office, TransientError) == "SRC_READ_UNSTABLE"


@pytest.mark.requirement("FMG-10")
def test_a_list_that_moves_while_it_is_read_is_read_again(delivered: MemoryOffice) -> None:
    contact = min(delivered.target.seen())
    moves = iter(["Else", "Nobody"])

    def move(target: MemoryTarget, entity: str) -> None:
        if entity == "contact" and (name := next(moves, "")):
            target.put("contact", [{**target.lists["contact"][contact], "last_name": name}])

    delivered.target.while_read = move
    row = delivered.run()
    assert row.counts["plan"]["contact"] == {"unchanged": 19, "update": 1}
    assert delivered.target.seen()[contact]["last_name"] == "Quill1"


@pytest.mark.requirement("FMG-10")
def test_a_list_that_never_holds_still_stops_the_run(delivered: MemoryOffice) -> None:
    def move(target: MemoryTarget, _entity: str) -> None:
        target.revision += 1

    delivered.target.while_read = move
    assert refused(delivered, TransientError) == "TGT_READ_UNSTABLE"


@pytest.mark.requirement("SAFE-1")
def test_two_records_of_one_id_stop_the_run(office: MemoryOffice) -> None:
    office.source.contacts.append(person(1))
    assert refused(office, DataError) == "SRC_DUPLICATE_ID"
