from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from crosswalk.core.model import Hold
from crosswalk.core.plan import plan_entity
from crosswalk.core.safety import holds
from crosswalk.core.spec.model import EntitySpec
from crosswalk.engine.retry import leave_out_unread
from crosswalk.errors import ConfigurationError
from unit.core.planning import CONTACT, GROUP, SPEC, delivered, desired, target

SAFETY = SPEC.safety
CANARY = "Quillfeather"


def people(numbers: range, **fields: str) -> pd.DataFrame:
    """Target rows of managed contacts; drop `target_id` for desired ones."""
    columns = {"target_id": [f"c-{n}" for n in numbers], "source_id": [f"Contact.7.{n}" for n in numbers]}
    frame = target().reindex(range(len(numbers))).fillna("").assign(**columns, last_name=CANARY, **fields)
    return frame.astype("str")


def wanted(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="target_id")


def found(
    want: pd.DataFrame,
    held: pd.DataFrame,
    *,
    entity: EntitySpec = CONTACT,
    known: pd.DataFrame | None = None,
    rejected: dict[str, str] | None = None,
    first: bool = False,
    mapping_changed: bool = False,
    without_id: int = 0,
) -> list[Hold]:
    known = delivered() if known is None else known
    plan = plan_entity(entity, want, held, known, rejected or {})
    result = holds(SAFETY, entity, plan, want, held, known, first=first, mapping_changed=mapping_changed, without_id=without_id)
    assert CANARY not in str(result)
    return result


def codes(result: list[Hold]) -> list[str]:
    return [hold.code for hold in result]


def test_a_quiet_night_holds_nothing() -> None:
    frame = people(range(30), groups="TagGroup.7.1")

    assert found(wanted(frame), frame, known=delivered(*frame["source_id"]), mapping_changed=True) == []


@pytest.mark.requirement("SAFE-2")
@pytest.mark.parametrize(("gone", "without_id", "held_back"), [(1, 1, True), (0, 1, False), (1, 0, False)])
def test_nothing_is_deleted_while_a_record_has_no_id(gone: int, without_id: int, held_back: bool) -> None:
    held = people(range(30))
    result = found(wanted(held.iloc[gone:]), held, known=delivered(*held["source_id"]), without_id=without_id)

    assert codes(result) == (["SRC_MISSING_ID"] if held_back else [])


@pytest.mark.requirement("SAFE-2")
@pytest.mark.parametrize(
    ("held", "gone", "held_back"),
    [
        (12_000, 499, False),
        (12_000, 500, False),
        (12_000, 501, True),
        (400, 19, False),
        (400, 20, False),
        (400, 21, True),
        (20, 9, False),
        (20, 10, False),
        (20, 11, True),
    ],
    ids=["count-1", "count", "count+1", "share-1", "share", "share+1", "floor-1", "floor", "floor+1"],
)
def test_mass_deletes_hold_beyond_the_limit(held: int, gone: int, held_back: bool) -> None:
    frame = people(range(held))
    result = found(wanted(frame.iloc[gone:]), frame)

    assert codes(result) == (["MASS_DELETE"] if held_back else [])


def test_a_mass_delete_says_how_many_of_how_many() -> None:
    frame = people(range(400))

    assert found(wanted(frame.iloc[40:]), frame) == [
        Hold("MASS_DELETE", "40 of 400 contacts would be deleted (10.0%)", "at most 5% once more than 10 would go")
    ]


@pytest.mark.requirement("SAFE-2")
@pytest.mark.parametrize(("size", "leaving", "held_back"), [(20, 3, False), (20, 4, False), (20, 5, True), (5, 2, False), (5, 3, True)])
def test_a_shrinking_group_holds_beyond_the_limit(size: int, leaving: int, held_back: bool) -> None:
    held = people(range(size), groups="TagGroup.7.1 TagGroup.7.2")
    want = wanted(held)
    want.loc[: leaving - 1, "groups"] = "TagGroup.7.2"

    assert codes(found(want, held)) == (["SLICE_DROP"] if held_back else [])


def test_a_shrinking_group_is_named_by_id_the_worst_first() -> None:
    held = people(range(10), groups="TagGroup.7.10 TagGroup.7.9 TagGroup.7.2 TagGroup.7.1")
    want = wanted(held)
    want.loc[:2, "groups"] = "TagGroup.7.2 TagGroup.7.1"
    want.loc[3:3, "groups"] = "TagGroup.7.10 TagGroup.7.9 TagGroup.7.2"

    assert found(want, held) == [
        Hold(
            "SLICE_DROP",
            "2 of 4 groups lose members; most of all TagGroup.7.9 loses 3 of 10 (30.0%)",
            "at most 20% of a group once more than 2 would go",
        )
    ]


def test_members_of_rejected_records_stay_in_their_groups() -> None:
    held = people(range(10), groups="TagGroup.7.1")
    rejected = {f"Contact.7.{n}": "SRC_BAD_DATE" for n in range(9)}

    assert found(wanted(held.iloc[9:]), held, rejected=rejected) == []


def test_members_that_wait_for_an_address_stay_in_their_groups() -> None:
    held = people(range(10), groups="TagGroup.7.1")
    held["email"] = [f"a{n}@example.test" for n in range(10)]
    want = wanted(held.iloc[1:]).reset_index(drop=True).assign(groups="TagGroup.7.2")
    want["email"] = [f"a{n}@example.test" for n in range(9)]

    assert codes(found(want, held, rejected={"Contact.7.0": "SRC_BAD_DATE"})) == []


def test_rows_of_nobody_have_no_slice_to_lose() -> None:
    held = people(range(8), groups="TagGroup.7.1").assign(source_id="")

    assert codes(found(wanted(people(range(8))), held)) == ["TARGET_ONLY"]


@pytest.mark.requirement("SAFE-2")
def test_a_field_blank_everywhere_that_was_filled_holds() -> None:
    held = people(range(5))
    held.loc[0, ["city", "zip"]] = "x"

    assert found(wanted(people(range(5))), held) == [
        Hold("SRC_FIELD_BLANKED", "blank in all 5 contacts: city (filled in 1 before), zip (filled in 1 before)", "filled in at least 1")
    ]


def test_a_field_still_filled_once_does_not_hold() -> None:
    held, want = people(range(5), city="Salem"), people(range(5))
    want.loc[4, "city"] = "Bend"

    assert found(wanted(want), held) == []


def test_a_field_only_strangers_had_filled_does_not_hold() -> None:
    held = people(range(5), city="Salem").assign(source_id="")

    assert codes(found(wanted(people(range(5))), held)) == ["TARGET_ONLY"]


@pytest.mark.requirement("SAFE-1", "SAFE-2")
def test_no_source_record_at_all_holds_the_main_entity() -> None:
    assert codes(found(desired(), target(), first=True)) == ["SRC_ZERO_RECORDS"]
    assert codes(found(desired(), people(range(3)), known=delivered("Contact.7.0"))) == ["SRC_ZERO_RECORDS", "CONN_SOURCE_CHANGED"]


def test_records_that_are_all_rejected_are_not_zero_records() -> None:
    held = people(range(2))

    assert found(desired(), held, rejected={"Contact.7.0": "NAME_MISSING", "Contact.7.1": "NAME_MISSING"}) == []


@pytest.mark.requirement("SAFE-2")
def test_no_group_holds_only_when_there_were_some() -> None:
    none = pd.DataFrame(columns=["source_id", "name"], dtype="str")
    held = pd.DataFrame({"target_id": ["g-1"], "source_id": ["TagGroup.7.1"], "name": ["News"]}, dtype="str")

    assert found(none, held.head(0), entity=GROUP) == []
    assert codes(found(none, held, entity=GROUP, known=delivered("TagGroup.7.1"))) == ["SRC_ZERO_RECORDS"]


@pytest.mark.requirement("FMG-06")
def test_the_first_replacement_asks_for_consent_to_lose_strangers() -> None:
    held = people(range(3)).assign(source_id="")
    limit = "none without consent"
    text = "3 contacts of the target were never imported: 3 would be deleted, 0 taken over"

    assert found(wanted(people(range(3))), held, first=True) == [Hold("FIRST_REPLACEMENT", text, limit)]
    assert found(wanted(people(range(3))), held, first=False) == [Hold("TARGET_ONLY", text, limit)]


def test_a_first_run_into_an_empty_list_needs_no_consent() -> None:
    assert found(wanted(people(range(3))), target(), first=True) == []


@pytest.mark.requirement("SAFE-2")
@pytest.mark.parametrize(("still_there", "held_back"), [(4, True), (5, False), (6, False)])
def test_another_source_is_recognised_by_missing_ids(still_there: int, held_back: bool) -> None:
    known = delivered(*(f"Contact.7.{n}" for n in range(10)))
    want = wanted(people(range(10 - still_there, 20)))
    result = found(want, target(), known=known)

    assert codes(result) == (["CONN_SOURCE_CHANGED"] if held_back else [])
    if held_back:
        assert result[0].found == "4 of 10 delivered contacts are still in the source (40.0%)"


def test_rejected_records_are_still_in_the_source() -> None:
    known = delivered("Contact.7.1", "Contact.7.2")

    assert found(desired({"source_id": "Contact.7.9"}), target(), known=known, rejected={"Contact.7.1": "NAME_MISSING"}) == []


@pytest.mark.requirement("SAFE-2")
@pytest.mark.parametrize(("changing", "held_back"), [(1, False), (2, False), (3, True)])
def test_a_changed_mapping_that_changes_many_records_holds(changing: int, held_back: bool) -> None:
    held = people(range(10))
    want = wanted(held)
    want.loc[: changing - 1, "city"] = "Bend"

    assert codes(found(want, held, mapping_changed=True)) == (["MAP_CHANGED"] if held_back else [])
    assert found(want, held, mapping_changed=False) == []


def test_drift_and_adoption_are_not_blamed_on_the_mapping() -> None:
    want = wanted(people(range(4), city="Bend"))
    held = people(range(4))
    held["email"] = want["email"] = [f"a{n}@example.test" for n in range(4)]
    known = delivered(*want["source_id"], records=want)

    assert found(want, held, known=known, mapping_changed=True) == []
    assert codes(found(want, held.assign(source_id=""), mapping_changed=True)) == ["TARGET_ONLY"]


@pytest.mark.parametrize(
    "overrides",
    [{}, {"max_deletes": 500}, {"max_deletes": 0}, {"max_delete_share": 0.01, "min_overlap": 0.9}, {"slice_floor": 0, "max_slice_loss": 0}],
)
def test_an_account_may_tighten(overrides: dict[str, float]) -> None:
    assert SAFETY.tightened(overrides).model_dump() == {**SAFETY.model_dump(), **overrides}


@pytest.mark.requirement("SAFE-2")
@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"max_deletes": 501}, ["CONF_FORBIDDEN"]),
        ({"max_delete_share": 0.0501, "min_overlap": 0.49, "max_deletes": 3}, ["CONF_FORBIDDEN", "CONF_FORBIDDEN"]),
        ({"max_delets": 1}, ["CONF_UNKNOWN_KEY"]),
        ({"max_deletes": -1}, ["CONF_TYPE"]),
        ({"max_deletes": "9"}, ["CONF_TYPE"]),
        ({"max_deletes": True}, ["CONF_TYPE"]),
        ({"min_overlap": float("nan")}, ["CONF_TYPE"]),
        ({"min_overlap": 1.01}, ["CONF_TYPE"]),
    ],
)
def test_an_account_may_not_loosen_or_misspell(overrides: dict[str, object], expected: list[str]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        SAFETY.tightened(overrides)
    assert [problem.code for problem in raised.value.problems] == expected


LINKED = replace(
    CONTACT,
    unmanaged="leave",
    on_source_delete="freeze",
    on_new="announce",
    status_columns=("refreshed_at", "missing"),
    unique="",
    partition_field="",
)


@pytest.mark.requirement("SAFE-2", "EMON-07")
@pytest.mark.parametrize(
    ("held", "gone", "held_back"),
    [(12_000, 500, False), (12_000, 501, True), (400, 20, False), (400, 21, True), (20, 10, False), (20, 11, True)],
)
def test_much_that_would_be_called_missing_is_asked_about(held: int, gone: int, held_back: bool) -> None:
    linked = people(range(held), refreshed_at="", missing="")
    assert codes(found(wanted(linked.iloc[gone:]), linked, entity=LINKED)) == (["MASS_MISSING"] if held_back else [])


@pytest.mark.requirement("SAFE-2")
def test_what_is_called_missing_already_does_not_count_again() -> None:
    linked = people(range(40), refreshed_at="", missing="")
    linked.loc[:29, "missing"] = "true"
    assert codes(found(wanted(linked.iloc[30:]), linked, entity=LINKED)) == []


@pytest.mark.requirement("SAFE-2")
def test_a_run_for_some_records_may_find_none_and_a_field_blank_in_one_of_them() -> None:
    held = people(range(30), city="Salem")
    one = held.iloc[:1].assign(city="")
    for want in (one, one.head(0)):
        plan = leave_out_unread(plan_entity(LINKED, wanted(want), held, delivered(*held["source_id"]), {}))
        arguments = (SAFETY, LINKED, plan, wanted(want), held, delivered(*held["source_id"]))
        assert holds(*arguments, first=False, mapping_changed=False, narrowed=True) == []
