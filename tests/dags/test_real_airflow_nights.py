"""Nights that go wrong in a real Airflow: backfills, a worker that sleeps or dies, an undo, a retry. One stack for the whole file.

The two accidents come first: what Airflow does about them takes minutes, in which the other tests run.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from crosswalk.core.model import RunStatus
from crosswalk.errors import PermanentError
from crosswalk.store.database import reading
from crosswalk.store.tables import audit
from dags.accidents import Accident, befall, delivered_contact, hold, lease_end
from dags.night import DAG, INTEGRATION, STEPS, Night
from dags.past_nights import SHORT_NIGHT, UNDO, Backfill, Nights, after_a_failed_night, assert_left_out, assert_looked_at_again
from figures import Tally
from oracle import expected_contacts

pytestmark = [pytest.mark.airflow, pytest.mark.reliability, pytest.mark.timeout(900)]

UNDO_STEPS = ("undo", "load")
DELIVERED = {RunStatus.SUCCESS, RunStatus.PARTIAL}
ONE_DELIVERY = ["open import", "put part", "commit import"]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    with after_a_failed_night(tmp_path_factory.mktemp("nights")) as nights:
        yield nights


@pytest.fixture(scope="module")
def killed(nights: Nights) -> Accident:
    return befall(nights.night, "cedar", signal.SIGKILL)


@pytest.fixture(scope="module")
def stopped(nights: Nights) -> Iterator[Accident]:
    accident = befall(nights.night, "birch", signal.SIGSTOP)
    yield accident
    try:
        os.kill(accident.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.mark.requirement("CARD-4")
def test_the_scheduled_run_of_last_night_failed_for_one_account(nights: Nights) -> None:
    assert nights.failed.settle("alder") == dict.fromkeys(STEPS, "success") | {"load": "failed"}
    assert nights.failed.settle("birch") == dict.fromkeys(STEPS, "success")
    row = nights.landed["alder", nights.last[-1]]
    last = nights.last[-1]
    assert (row.status, row.interval_start, row.interval_end) == (RunStatus.FAILED, last.start, last.end)


@pytest.mark.requirement("SAFE-4", "CARD-8")
def test_while_a_run_has_the_account_another_ends_as_busy(nights: Nights, killed: Accident, stopped: Accident) -> None:
    second = nights.night.trigger("birch")
    assert second.settle("birch")["extract"] == "failed"
    log = second.log("birch", "extract")
    assert "ACCOUNT_BUSY" in log
    assert f"{DAG} {stopped.run.run_id}" in log
    assert second.rows("birch")[0].error_code == "ACCOUNT_BUSY"
    assert nights.night.fmg("birch") == stopped.fmg
    assert stopped.run.states("birch")["load"] == "running"
    killed.run.wait(lambda: killed.run.states("cedar")["load"] == "up_for_retry" or killed.run.tries("cedar", "load") > 1)


@pytest.mark.requirement("CARD-6", "SAFE-4")
def test_a_backfill_beside_a_delivery_looks_at_what_was_landed_and_writes_nothing(nights: Nights) -> None:
    night, landed = nights.night, nights.landed_of("alder")
    before = night.written("alder")
    beside = hold(night, "alder", 40)
    runs = Backfill(night, nights.last, ["alder"], reprocess_behavior="none").finish()
    assert list(runs) == nights.last[:-1], "the failed night is there already: mode none leaves it alone"
    for past, run in runs.items():
        if past in landed:
            assert_looked_at_again(run, "alder", landed[past])
        else:
            assert_left_out(run, "alder")
    assert beside.settle("alder") == dict.fromkeys(STEPS, "success")
    assert beside.row("alder").status in DELIVERED
    delivered_at = beside.row("alder").delivered_at
    assert delivered_at
    assert runs[nights.last[0]].rows("alder")[0].started_at < delivered_at, "the backfill ran beside the delivery"
    assert night.written("alder")[len(before) :] == ONE_DELIVERY
    assert night.held("alder") == expected_contacts(night.source("alder"))[0]


def _rejected(night: Night, account: str) -> set[str]:
    return {row.source_id for row in night.store.rejected.open(INTEGRATION, account)}


def _asked(night: Night, account: str) -> tuple[int, ...]:
    """How often either vendor was asked anything for the account."""
    counters, office = night.control("GET", "/requests")["counters"], night.office(account)
    owners = counters["smartoffice"]["by_owner"].get(office.office, {}), counters["fmg"]["by_owner"].get(office.fmg_account, {})
    return tuple(one.get(name, 0) for one in owners for name in ("reads", "writes"))


@pytest.mark.requirement("SAFE-10")
def test_the_form_retries_rejected_records_alone(nights: Nights) -> None:
    night = nights.night
    (corrected,) = _rejected(night, "dogwood")
    other, before = delivered_contact(night, "dogwood"), night.held("dogwood")
    night.change("dogwood", corrected, **{"PreferredEmail.Address": "ada.quill@example.test"})
    night.change("dogwood", other, Greeting="Not of the retry")
    retry = night.trigger("dogwood", rejected_only=True)
    assert retry.settle("dogwood") == dict.fromkeys(STEPS, "success")
    after = night.held("dogwood")
    assert after.pop(corrected)["email"] == "ada.quill@example.test"
    assert after == before
    assert retry.row("dogwood").counts["load"]["accepted"] == 1
    assert _rejected(night, "dogwood") == set()


@pytest.mark.requirement("CARD-6")
def test_a_backfill_of_failed_nights_writes_nothing_late(nights: Nights) -> None:
    night, accounts = nights.night, ["alder", "birch"]
    before = [(night.fmg(account), night.held(account)) for account in accounts]
    run = Backfill(night, nights.last, accounts, reprocess_behavior="failed").finish()[nights.last[-1]]
    assert run.run_id == nights.failed.run_id
    for account in accounts:
        assert_looked_at_again(run, account, nights.landed[account, nights.last[-1]])
    assert [(night.fmg(account), night.held(account)) for account in accounts] == before


@pytest.mark.requirement("SAFE-10")
def test_a_retry_of_nothing_ends_before_any_vendor_is_asked(nights: Nights) -> None:
    night, asked = nights.night, _asked(nights.night, "dogwood")
    assert _rejected(night, "dogwood") == set()
    every, named = night.trigger("dogwood", rejected_only=True), night.trigger("dogwood", records=["Contact.4.999999"])
    assert every.settle("dogwood") == dict.fromkeys(STEPS, "skipped")
    assert "no record is rejected" in every.log("dogwood", "extract")
    assert named.settle("dogwood") == dict.fromkeys(STEPS, "upstream_failed") | {"extract": "failed"}
    assert "RECORD_NOT_REJECTED" in named.log("dogwood", "extract")
    assert _asked(night, "dogwood") == asked


@pytest.mark.requirement("SAFE-4", "SAFE-5")
def test_a_load_that_slept_past_its_lease_writes_nothing_when_it_wakes(nights: Nights, stopped: Accident, tally: Tally) -> None:
    night = nights.night
    night.wait(lambda: lease_end(night, "birch") < datetime.now(UTC))
    night.change("birch", stopped.contact, Greeting="Of the second run")
    second = night.trigger("birch")
    assert second.settle("birch") == dict.fromkeys(STEPS, "success")
    winner, list_then, state, written = second.row("birch"), night.held("birch"), night.fmg("birch"), night.written("birch")
    assert winner.status in DELIVERED
    assert list_then[stopped.contact]["nickname"] == "Of the second run"
    os.kill(stopped.pid, signal.SIGCONT)
    assert stopped.run.settle("birch")["load"] == "failed"
    log = stopped.run.log("birch", "load")
    assert any(code in log for code in ("LEASE_LOST", "STALE_SNAPSHOT")), log
    assert set(night.written("birch")[len(written) :]) <= {"put part"}, "it may ask for the answer it slept through, with the same key"
    assert night.fmg("birch") | {"writes": 0} == state | {"writes": 0}
    assert night.held("birch") == list_then
    assert second.row("birch") == winner
    assert stopped.run.rows("birch")[0].status is RunStatus.FAILED
    tally("P16", "a loading task stopped past its lease in a real Airflow, then woken", 1)


@pytest.mark.requirement("CARD-6", "SAFE-4")
def test_a_backfill_backwards_over_all_nights_changes_nothing(nights: Nights, tally: Tally) -> None:
    night, landed = nights.night, nights.landed_of("alder")
    before = night.fmg("alder"), night.held("alder")
    runs = Backfill(night, nights.last, ["alder"], reprocess_behavior="completed", run_backwards=True).finish()
    assert list(runs) == nights.last
    for past, run in runs.items():
        if past in landed:
            assert_looked_at_again(run, "alder", landed[past])
        else:
            assert_left_out(run, "alder")
    order = [runs[past].rows("alder")[0].key.snapshot for past in nights.last if past in landed]
    assert order == sorted(order, reverse=True)
    assert (night.fmg("alder"), night.held("alder")) == before
    tally("P17", "Airflow's own backfill, 14 nights backwards", 14)


@pytest.mark.requirement("SAFE-7")
def test_an_undo_names_its_accounts(nights: Nights) -> None:
    oncall = nights.night.as_user("oncall")
    refused: list[dict[str, Any]] = [{}, {"accounts": []}, {"accounts": None}, {"accounts": "dogwood"}]
    for conf in refused:
        with pytest.raises(PermanentError, match="answered 4"):
            oncall.trigger(UNDO, conf)
    assert oncall.runs(UNDO) == []


@pytest.mark.requirement("SAFE-7", "CARD-8")
def test_on_call_undoes_a_delivery_once_and_the_next_run_asks(nights: Nights) -> None:
    night, oncall = nights.night, nights.night.as_user("oncall")
    before = night.held("dogwood")
    assert nights.night.trigger("dogwood").settle("dogwood") == dict.fromkeys(STEPS, "success")
    delivered, undone = night.held("dogwood"), night.row("dogwood").key.snapshot
    assert delivered != before
    undo = night.run_of(["dogwood"], oncall.trigger(UNDO, {"accounts": ["dogwood"]}), UNDO, UNDO_STEPS)
    assert undo.settle("dogwood") == dict.fromkeys(UNDO_STEPS, "success")
    assert night.held("dogwood") == before
    row = night.row("dogwood")
    assert (row.mode, row.decided_by, row.counts["undoes"]) == ("undo", "oncall", undone)
    assert oncall.get(undo.link("dogwood", "load").lstrip("/")).status_code == 200
    assert _who_undid(night, "dogwood") == ["oncall"]
    state = night.fmg("dogwood")
    undo.clear("dogwood", "undo")
    assert undo.settle("dogwood") == dict.fromkeys(UNDO_STEPS, "success")
    assert undo.tries("dogwood", "load") == 2
    assert (night.fmg("dogwood"), night.held("dogwood")) == (state, before)
    assert replace(night.row("dogwood"), durations=row.durations) == row
    assert _who_undid(night, "dogwood") == ["oncall"]
    _approve_what_was_undone(night, undone)
    assert night.held("dogwood") == delivered


def _who_undid(night: Night, account: str) -> list[str]:
    with reading(night.store.engine, "reading the audit chain") as connection:
        query = select(audit.c.actor).where(audit.c.event == "undo asked for", audit.c.account == account)
        return list(connection.execute(query).scalars())


def _approve_what_was_undone(night: Night, undone: int) -> None:
    held = night.trigger("dogwood")
    assert held.settle("dogwood")["approve"] == "awaiting_input"
    (hold,) = held.row("dogwood").holds
    assert (hold["code"], f"snapshot {undone} was undone by oncall" in hold["found"]) == ("UNDONE", True)
    held.answer("dogwood", held.question("dogwood"), "Approve")
    assert held.settle("dogwood") == dict.fromkeys(STEPS, "success")
    assert held.row("dogwood").status in DELIVERED


@pytest.mark.requirement("CARD-6")
def test_a_backfill_finds_the_night_in_which_the_clocks_change(nights: Nights) -> None:
    before = nights.night.fmg("alder")
    run = Backfill(nights.night, [SHORT_NIGHT], ["alder"]).finish()[SHORT_NIGHT]
    assert_looked_at_again(run, "alder", nights.landed["alder", SHORT_NIGHT])
    assert nights.night.fmg("alder") == before


@pytest.mark.requirement("CARD-8", "SAFE-5")
def test_a_load_whose_process_was_killed_is_tried_again_and_nothing_comes_twice(nights: Nights, killed: Accident) -> None:
    assert killed.run.settle("cedar") == dict.fromkeys(STEPS, "success")
    assert killed.run.tries("cedar", "load") == 2
    (row,) = killed.run.rows("cedar")
    after = nights.night.fmg("cedar")
    assert (row.status in DELIVERED, row.generation) == (True, after["generation"])
    assert after["generation"] == killed.fmg["generation"] + 1
    assert nights.night.held("cedar") == expected_contacts(nights.night.source("cedar"))[0]
    assert nights.night.held("cedar")[killed.contact]["nickname"] == "Of the first run"
