"""Decisions: asked once, never overwritten unseen, undone by another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select

from crosswalk.core.model import RunKey
from crosswalk.errors import PermanentError
from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.decisions import Kind, Standing, Wish
from crosswalk.store.database import connect
from crosswalk.store.tables import decision, link

ACCOUNT = ("crm_to_flex", "summit")


def wish(source_id: str, kind: Kind = Kind.LINK, target_id: str = "", **more: Any) -> Wish:
    return Wish("contact", source_id, kind, target_id or (f"f-{source_id}" if kind == Kind.LINK else ""), **more)


def refused(ask: Callable[[], Any], code: str) -> str:
    with pytest.raises(PermanentError) as caught:
        ask()
    assert caught.value.code == code
    return str(caught.value)


@pytest.fixture
def decisions(engine: Engine) -> DecisionLog:
    return DecisionLog(engine)


@pytest.mark.requirement("FLEX-06")
def test_each_kind_is_kept_with_who_and_when(decisions: DecisionLog) -> None:
    wishes = [wish("501"), wish("502", Kind.IMPORT, resource_type="Vendors"), wish("503", Kind.SKIP), wish("504", Kind.NOT_A_MATCH, "f-9")]
    taken = decisions.decide_each(*ACCOUNT, wishes, "ana")
    assert [one.number for one in taken.decisions] == [1, 2, 3, 4]
    assert taken.refused == ()
    assert decisions.history(*ACCOUNT) == list(taken.decisions)
    assert {one.decided_by for one in taken.decisions} == {"ana"}
    assert decisions.standing(*ACCOUNT, "contact") == Standing(
        {"501": "f-501"}, {"502": "Vendors"}, frozenset({"503"}), frozenset({("504", "f-9")})
    )
    assert decisions.standing(*ACCOUNT, "company") == Standing()


@pytest.mark.requirement("FLEX-06")
def test_the_second_of_two_reviewers_is_told_who_decided(decisions: DecisionLog) -> None:
    decisions.decide(*ACCOUNT, wish("501", Kind.NOT_A_MATCH, "f-9"), "ana")
    told = refused(lambda: decisions.decide(*ACCOUNT, wish("501"), "bo"), "DECIDED_MEANWHILE")
    assert "ana said it is not a match" in told
    assert "decision 1" in told
    assert decisions.decide(*ACCOUNT, wish("501", seen=1), "bo").number == 2
    assert "undo that decision first" in refused(lambda: decisions.decide(*ACCOUNT, wish("501", seen=2), "ana"), "DECIDED_ALREADY")
    assert "bo linked it" in refused(lambda: decisions.decide(*ACCOUNT, wish("777", target_id="f-501"), "ana"), "TARGET_TAKEN")


def test_reviewers_at_once_get_one_decision(url: str, engine: Engine, at_once: Callable[..., list[Any]]) -> None:
    def decide(number: int) -> str:
        wanted = wish("501", target_id=f"f-{number}") if number % 2 else wish("501", Kind.IMPORT)
        try:
            return str(DecisionLog(connect(url)).decide(*ACCOUNT, wanted, f"user{number}").number)
        except PermanentError as error:
            return error.code

    assert sorted(at_once(6, decide)) == ["1", *["DECIDED_MEANWHILE"] * 5]
    with engine.connect() as connection:
        assert len(connection.execute(select(decision)).all()) == len(connection.execute(select(link)).all()) == 1


def test_two_records_at_once_get_one_target(url: str, engine: Engine, at_once: Callable[..., list[Any]]) -> None:
    def decide(number: int) -> str:
        try:
            return str(DecisionLog(connect(url)).decide(*ACCOUNT, wish(f"50{number}", target_id="f-1"), "ana").number)
        except PermanentError as error:
            return error.code

    assert sorted(at_once(4, decide)) == ["1", *["TARGET_TAKEN"] * 3]


def test_one_refusal_leaves_the_others_alone(decisions: DecisionLog) -> None:
    decisions.decide(*ACCOUNT, wish("503", Kind.SKIP), "ana")
    taken = decisions.decide_each(*ACCOUNT, [wish(f"{number}", Kind.IMPORT) for number in range(500, 521)], "bo")
    assert len(taken.decisions) == 20
    assert [(one.source_id, error.code) for one, error in taken.refused] == [("503", "DECIDED_MEANWHILE")]


@pytest.mark.requirement("FLEX-06")
def test_a_decision_is_undone_and_may_be_taken_anew(decisions: DecisionLog) -> None:
    first = decisions.decide(*ACCOUNT, wish("501"), "ana")
    undone = decisions.undo(*ACCOUNT, first.number, "bo")
    assert (undone.kind, undone.undoes, undone.target_id, undone.decided_by) == (Kind.UNDONE, 1, "f-501", "bo")
    assert decisions.standing(*ACCOUNT, "contact") == Standing(parted=frozenset({("501", "f-501")}))
    refused(lambda: decisions.undo(*ACCOUNT, first.number, "ana"), "DECISION_GONE")
    refused(lambda: decisions.undo(*ACCOUNT, undone.number, "ana"), "DECISION_GONE")
    refused(lambda: decisions.undo(*ACCOUNT, 99, "ana"), "DECISION_GONE")
    assert "bo undid a decision" in refused(lambda: decisions.decide(*ACCOUNT, wish("501", seen=1), "ana"), "DECIDED_MEANWHILE")
    decisions.decide(*ACCOUNT, wish("502", target_id="f-501"), "ana")
    decisions.decide(*ACCOUNT, wish("501", target_id="f-7", seen=2), "ana")
    assert decisions.standing(*ACCOUNT, "contact").linked == {"502": "f-501", "501": "f-7"}


def test_a_skip_gives_way_and_comes_back(decisions: DecisionLog) -> None:
    decisions.decide(*ACCOUNT, wish("501", Kind.SKIP), "ana")
    made = decisions.decide(*ACCOUNT, wish("501", Kind.IMPORT, seen=1), "ana")
    assert decisions.standing(*ACCOUNT, "contact").imports == {"501": ""}
    decisions.undo(*ACCOUNT, made.number, "ana")
    assert decisions.standing(*ACCOUNT, "contact").skipped == {"501"}


@pytest.mark.requirement("FLEX-05", "FLEX-07")
def test_what_the_target_made_is_remembered_once(decisions: DecisionLog, engine: Engine) -> None:
    decisions.decide_each(*ACCOUNT, [wish("501", Kind.IMPORT), wish("502")], "ana")
    for snapshot, made in ((3, "f-77"), (4, "f-88")):
        decisions.carried_out(RunKey(*ACCOUNT, snapshot), "contact", {"501": made, "502": "f-502", "999": "f-1"})
    with engine.connect() as connection:
        rows = {row.source_id: (row.target_id, row.made_snapshot) for row in connection.execute(select(link))}
    assert rows == {"501": ("f-77", 3), "502": ("f-502", 3)}
    assert decisions.standing(*ACCOUNT, "contact").linked == {"501": "f-77", "502": "f-502"}
    decisions.undo(*ACCOUNT, 1, "bo")
    assert decisions.standing(*ACCOUNT, "contact").parted == {("501", "f-77")}


def test_accounts_do_not_see_each_other(decisions: DecisionLog) -> None:
    decisions.decide(*ACCOUNT, wish("501"), "ana")
    other = ("crm_to_flex", "harbor")
    assert decisions.history(*other) == []
    assert decisions.decide(*other, wish("501"), "bo").number == 1
