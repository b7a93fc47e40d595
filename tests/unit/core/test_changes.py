from __future__ import annotations

import pandas as pd
import pytest

from crosswalk.core.model import Outcome
from crosswalk.core.plan import PLAN_COLUMNS, check_sums, late_rejections, payload_hashes, plan_entity, plan_hash, summary
from crosswalk.errors import DataError
from unit.core.planning import CONTACT, GROUP, carry_out, delivered, desired, rows, target

ANN = {"source_id": "Contact.7.1", "last_name": "Ash", "email": "ann@example.test", "groups": "TagGroup.7.1 TagGroup.7.2"}
BEN = {"source_id": "Contact.7.2", "last_name": "Birch", "email": "ben@example.test"}
EMPTY = delivered()


@pytest.mark.requirement("SAFE-6")
def test_a_new_record_is_created() -> None:
    plan = plan_entity(CONTACT, desired(ANN), target(), EMPTY, {})

    assert tuple(plan.columns) == PLAN_COLUMNS
    assert rows(plan) == [("Contact.7.1", "", "create", "new")]
    assert plan["payload_hash"].tolist() == payload_hashes(desired(ANN), CONTACT.target_fields).tolist()


@pytest.mark.requirement("FMG-10")
def test_a_delivered_record_that_is_gone_is_created_again() -> None:
    plan = plan_entity(CONTACT, desired(ANN), target(), delivered("Contact.7.1"), {})

    assert rows(plan) == [("Contact.7.1", "", "create", "vanished")]


def test_an_equal_record_is_left_alone_whatever_the_order_of_its_groups() -> None:
    held = target({**ANN, "target_id": "c-1", "groups": "TagGroup.7.2 TagGroup.7.1"})

    assert rows(plan_entity(CONTACT, desired(ANN), held, EMPTY, {})) == [("Contact.7.1", "c-1", "unchanged", "")]


def test_an_update_names_the_fields_that_differ() -> None:
    held = target({**ANN, "target_id": "c-1", "city": "Salem", "last_name": "Oak"}, {**BEN, "target_id": "c-2", "city": "Bend"})
    plan = plan_entity(CONTACT, desired(ANN, BEN), held, delivered("Contact.7.1"), {})

    assert rows(plan) == [("Contact.7.1", "c-1", "update", "source"), ("Contact.7.2", "c-2", "update", "source")]
    assert plan["changed"].tolist() == ["last_name city", "city"]


@pytest.mark.requirement("FMG-10")
def test_a_change_behind_our_back_is_drift() -> None:
    held = target({**ANN, "target_id": "c-1", "city": "Salem"})
    plan = plan_entity(CONTACT, desired(ANN), held, delivered("Contact.7.1", records=desired(ANN)), {})

    assert rows(plan) == [("Contact.7.1", "c-1", "update", "drift")]


@pytest.mark.requirement("FMG-06")
def test_a_target_record_of_nobody_is_adopted_by_its_address() -> None:
    held = target({"target_id": "c-9", "last_name": "Ash", "email": " ANN@Example.TEST"})

    assert rows(plan_entity(CONTACT, desired(ANN), held, EMPTY, {})) == [("Contact.7.1", "c-9", "update", "adopted")]


def test_an_adopted_record_is_updated_even_when_nothing_else_differs() -> None:
    held = target({**ANN, "target_id": "c-9", "source_id": ""})
    plan = plan_entity(CONTACT, desired(ANN), held, EMPTY, {})

    assert (rows(plan), plan["changed"].tolist()) == ([("Contact.7.1", "c-9", "update", "adopted")], [""])


def test_an_address_that_two_strangers_share_is_not_adopted() -> None:
    held = target({"target_id": "c-8", "email": "ann@example.test"}, {"target_id": "c-9", "email": "Ann@example.test"})

    assert rows(plan_entity(CONTACT, desired(ANN), held, EMPTY, {})) == [
        ("", "c-8", "delete", "target_only"),
        ("", "c-9", "delete", "target_only"),
        ("Contact.7.1", "", "create", "new"),
    ]


def test_a_record_that_has_its_own_row_adopts_no_other() -> None:
    held = target({**ANN, "target_id": "c-1", "email": "old@example.test"}, {"target_id": "c-9", "email": "ann@example.test"})

    assert rows(plan_entity(CONTACT, desired(ANN), held, EMPTY, {})) == [
        ("", "c-9", "delete", "target_only"),
        ("Contact.7.1", "c-1", "update", "source"),
    ]


def test_blank_addresses_adopt_nobody() -> None:
    plan = plan_entity(CONTACT, desired({**ANN, "email": ""}), target({"target_id": "c-9", "last_name": "Ash"}), EMPTY, {})

    assert rows(plan) == [("", "c-9", "delete", "target_only"), ("Contact.7.1", "", "create", "new")]


def test_groups_have_no_address_to_be_adopted_by() -> None:
    wanted = pd.DataFrame({"source_id": ["TagGroup.7.1"], "name": ["Newsletter"]}, dtype="str")
    held = pd.DataFrame({"target_id": ["g-1"], "source_id": [""], "name": ["Newsletter"]}, dtype="str")

    assert rows(plan_entity(GROUP, wanted, held, EMPTY, {})) == [
        ("", "g-1", "delete", "target_only"),
        ("TagGroup.7.1", "", "create", "new"),
    ]


def test_a_record_that_left_the_source_is_deleted() -> None:
    plan = plan_entity(CONTACT, desired(BEN), target({**ANN, "target_id": "c-1"}), delivered("Contact.7.1"), {})

    assert rows(plan) == [("Contact.7.1", "c-1", "delete", "left_source"), ("Contact.7.2", "", "create", "new")]


@pytest.mark.requirement("SAFE-6")
def test_a_rejected_record_keeps_what_the_target_has_of_it() -> None:
    held = target({**ANN, "target_id": "c-1"})
    plan = plan_entity(
        CONTACT, desired(), held, EMPTY, {"Contact.7.1": "SRC_BAD_DATE", "Contact.7.5": "NAME_MISSING", "": "SRC_MISSING_ID"}
    )

    assert rows(plan) == [("Contact.7.1", "c-1", "rejected", "SRC_BAD_DATE"), ("Contact.7.5", "", "rejected", "NAME_MISSING")]
    assert plan["payload_hash"].tolist() == ["", ""]


@pytest.mark.requirement("FMG-11")
def test_an_address_stays_with_a_kept_record_and_so_do_those_behind_it() -> None:
    held = target(
        {**ANN, "target_id": "c-1"},
        {**BEN, "target_id": "c-2"},
        {"source_id": "Contact.7.3", "target_id": "c-3", "email": "cyd@example.test"},
    )
    wanted = desired(
        {**BEN, "email": "ANN@example.test"},
        {"source_id": "Contact.7.3", "email": "ben@example.test"},
        {"source_id": "Contact.7.4", "email": "cyd@example.test"},
        {"source_id": "Contact.7.5", "email": "new@example.test"},
    )
    rejected = {"Contact.7.1": "SRC_BAD_DATE"}
    plan = plan_entity(CONTACT, wanted, held, EMPTY, rejected)

    assert rows(plan) == [
        ("Contact.7.1", "c-1", "rejected", "SRC_BAD_DATE"),
        ("Contact.7.2", "c-2", "rejected", "EMAIL_DUPLICATE"),
        ("Contact.7.3", "c-3", "rejected", "EMAIL_DUPLICATE"),
        ("Contact.7.4", "", "rejected", "EMAIL_DUPLICATE"),
        ("Contact.7.5", "", "create", "new"),
    ]
    assert plan["payload_hash"].tolist()[:4] == [""] * 4
    late = late_rejections(CONTACT, plan, rejected)
    assert [(one.source_id, one.code, one.field, one.masked) for one in late] == [
        (f"Contact.7.{number}", "EMAIL_DUPLICATE", "PreferredEmail.Address", "") for number in (2, 3, 4)
    ]


def test_addresses_may_be_swapped() -> None:
    held = target({**ANN, "target_id": "c-1"}, {**BEN, "target_id": "c-2"})
    wanted = desired({**ANN, "email": BEN["email"]}, {**BEN, "email": ANN["email"]})

    assert [row[2] for row in rows(plan_entity(CONTACT, wanted, held, EMPTY, {}))] == ["update", "update"]


def test_a_second_row_with_one_source_id_is_nobodys() -> None:
    held = target({**ANN, "target_id": "c-2", "email": "x@example.test"}, {**ANN, "target_id": "c-1"})

    assert rows(plan_entity(CONTACT, desired(ANN), held, EMPTY, {})) == [
        ("", "c-2", "delete", "target_only"),
        ("Contact.7.1", "c-1", "unchanged", ""),
    ]


def test_nothing_at_all_is_an_empty_plan() -> None:
    plan = plan_entity(CONTACT, desired(), target(), EMPTY, {})

    assert (tuple(plan.columns), len(plan), summary(plan)) == (PLAN_COLUMNS, 0, {})
    check_sums(plan, [], [])


def test_frames_with_other_row_labels_make_the_same_plan() -> None:
    wanted, held = desired(ANN, BEN), target({**BEN, "target_id": "c-2", "groups": "b a"})
    wanted.index, held.index = pd.Index([7, 3]), pd.Index([40])

    assert [row[2] for row in rows(plan_entity(CONTACT, wanted, held, EMPTY, {}))] == ["create", "update"]


def test_the_summary_counts_outcomes() -> None:
    plan = plan_entity(CONTACT, desired(ANN, BEN), target({"target_id": "c-9"}), EMPTY, {"Contact.7.9": "NAME_MISSING"})

    assert summary(plan) == {"create": 2, "delete": 1, "rejected": 1}


@pytest.mark.requirement("SAFE-3")
def test_the_plan_hash_changes_with_any_cell_and_with_the_context() -> None:
    plan = plan_entity(CONTACT, desired(ANN), target({"target_id": "c-9"}), EMPTY, {})
    hashes = {plan_hash([plan], {"mode": "delta"}), plan_hash([plan], {"mode": "replace"}), plan_hash([], {"mode": "delta"})}
    for column in PLAN_COLUMNS:
        changed = plan.copy()
        changed.loc[0, column] = "other"
        hashes.add(plan_hash([changed], {"mode": "delta"}))

    assert len(hashes) == 3 + len(PLAN_COLUMNS)


def test_the_payload_hash_knows_where_one_field_ends() -> None:
    texts = ["a\x1fb", "a", "\x1b", "\x1bu", "\x1f", "", "\ud800"]
    frame = pd.DataFrame([{"one": one, "two": two} for one in texts for two in texts], dtype=object)

    assert payload_hashes(frame, ["one", "two"]).nunique() == len(texts) ** 2
    assert payload_hashes(frame, ["one", "two"]).equals(payload_hashes(frame, ["two", "one"]))


def test_a_payload_hash_does_not_depend_on_the_other_rows() -> None:
    frame = pd.DataFrame({"one": ["plain", "with\x1fseparator"]}, dtype="str")

    assert payload_hashes(frame, ["one"])[0] == payload_hashes(frame.head(1), ["one"])[0]


@pytest.mark.requirement("SAFE-6")
@pytest.mark.parametrize(
    ("source_ids", "target_ids", "side"),
    [
        (["Contact.7.1"], ["c-9"], ""),
        (["Contact.7.1", ""], ["c-9"], ""),
        (["Contact.7.1", "Contact.7.2"], ["c-9"], "source"),
        (["Contact.7.1", "Contact.7.1"], ["c-9"], "source"),
        ([], ["c-9"], "source"),
        (["Contact.7.1"], [], "target"),
        (["Contact.7.1"], ["c-9", "c-8"], "target"),
    ],
)
def test_the_sums_are_checked_record_by_record(source_ids: list[str], target_ids: list[str], side: str) -> None:
    plan = plan_entity(CONTACT, desired(ANN), target({"target_id": "c-9"}), EMPTY, {})
    if not side:
        check_sums(plan, source_ids, target_ids)
        return
    with pytest.raises(DataError, match=f"1 {side} record") as raised:
        check_sums(plan, source_ids, target_ids)
    assert raised.value.code == "SUMS_DIFFER"


@pytest.mark.requirement("SAFE-6")
def test_a_record_with_two_outcomes_or_none_to_hold_on_to_is_noticed() -> None:
    twice = plan_entity(CONTACT, desired(ANN), target(), EMPTY, {"Contact.7.1": "NAME_MISSING"})
    with pytest.raises(DataError):
        check_sums(twice, ["Contact.7.1"], [])
    plan = plan_entity(CONTACT, desired(ANN), target({**BEN, "target_id": "c-2"}), EMPTY, {})
    for column, value in (("source_id", "Contact.7.1"), ("target_id", "")):
        wrong = plan.copy()
        wrong.loc[wrong["outcome"] == "delete", column] = value
        with pytest.raises(DataError):
            check_sums(wrong, ["Contact.7.1"], ["c-2"])
    with pytest.raises(DataError):
        check_sums(pd.concat([plan, plan.assign(source_id="", target_id="")]).head(3), ["Contact.7.1"], ["c-2"])


def test_the_model_carries_out_what_the_plan_says() -> None:
    held = target({"target_id": "c-9", "last_name": "Stranger"}, {**BEN, "target_id": "c-2"})
    wanted = desired(ANN, {**BEN, "city": "Bend"})
    after = carry_out(plan_entity(CONTACT, wanted, held, EMPTY, {}), wanted, held)

    assert sorted(after["source_id"]) == ["Contact.7.1", "Contact.7.2"]
    assert after.loc[after["source_id"] == "Contact.7.2", "city"].tolist() == ["Bend"]


FATES = {"Contact.7.1": (Outcome.FROZEN, "OUT"), "Contact.7.2": (Outcome.DELETE, "INACTIVE"), "Contact.7.3": (Outcome.EXCLUDED, "SHARED")}


@pytest.mark.requirement("SAFE-6")
def test_what_a_rule_decided_stands_in_the_place_of_what_the_fields_say() -> None:
    wanted = desired(ANN, BEN, {"source_id": "Contact.7.3", "last_name": "Cedar"})
    held = target(*({"target_id": f"c-{n}", "source_id": f"Contact.7.{n}", "last_name": "Old"} for n in (1, 2, 3)))
    plan = plan_entity(CONTACT, wanted, held, EMPTY, {}, FATES)

    assert rows(plan) == [
        ("Contact.7.1", "c-1", "frozen", "OUT"),
        ("Contact.7.2", "c-2", "delete", "INACTIVE"),
        ("Contact.7.3", "c-3", "excluded", "SHARED"),
    ]
    assert set(plan["changed"]) == set(plan["payload_hash"]) == {""}
    check_sums(plan, wanted["source_id"], held["target_id"])


def test_what_the_target_does_not_have_of_ours_is_neither_frozen_nor_deleted() -> None:
    stranger = target({"target_id": "c-9", "last_name": "Birch", "email": "ben@example.test"})
    plan = plan_entity(CONTACT, desired(ANN, BEN), stranger, EMPTY, {}, FATES)

    assert rows(plan) == [("Contact.7.1", "", "excluded", "OUT"), ("Contact.7.2", "c-9", "excluded", "INACTIVE")]


@pytest.mark.requirement("FMG-11")
def test_the_address_of_a_frozen_record_is_not_given_away() -> None:
    held = target({"target_id": "c-1", "source_id": "Contact.7.1", "last_name": "Ash", "email": "ben@example.test"})
    plan = plan_entity(CONTACT, desired(ANN, BEN), held, EMPTY, {}, {"Contact.7.1": (Outcome.FROZEN, "OUT")})

    assert rows(plan) == [("Contact.7.1", "c-1", "frozen", "OUT"), ("Contact.7.2", "", "rejected", "EMAIL_DUPLICATE")]


@pytest.mark.requirement("FMG-10")
def test_who_comes_back_is_created_under_the_id_of_before() -> None:
    known = {"Contact.7.1": "c-1", "Contact.7.2": "c-2"}
    plan = plan_entity(CONTACT, desired(ANN, BEN), target(), delivered("Contact.7.2"), {}, known_ids=known)
    assert rows(plan) == [("Contact.7.1", "c-1", "create", "returned"), ("Contact.7.2", "c-2", "create", "vanished")]
    check_sums(plan, ["Contact.7.1", "Contact.7.2"], [])


@pytest.mark.requirement("FMG-10")
@pytest.mark.parametrize("known", [{"Contact.7.1": "c-9"}, {"Contact.7.1": "c-1", "Contact.7.2": "c-1"}], ids=["taken", "claimed twice"])
def test_an_id_that_is_not_free_or_not_clear_is_not_named(known: dict[str, str]) -> None:
    held = target({"target_id": "c-9", "source_id": "Contact.7.9", "last_name": "Other"})
    plan = plan_entity(CONTACT, desired(ANN, BEN), held, EMPTY, {"Contact.7.9": "NAME_MISSING"}, known_ids=known)
    assert rows(plan)[:2] == [("Contact.7.1", "", "create", "new"), ("Contact.7.2", "", "create", "new")]


@pytest.mark.requirement("FMG-07")
def test_the_scope_tells_who_leaves_because_of_it() -> None:
    held = target(
        {"target_id": "c-1", "source_id": "Contact.7.1", "groups": "TagGroup.7.1 TagGroup.7.2"},
        {"target_id": "c-2", "source_id": "Contact.7.2", "groups": "TagGroup.7.1"},
        {"target_id": "c-3", "source_id": "Contact.7.3"},
        {"target_id": "c-4"},
    )
    narrow = plan_entity(CONTACT, desired(), held, EMPTY, {}, scope={"TagGroup.7.2"})
    assert dict(zip(narrow["target_id"], narrow["reason"], strict=True)) == {
        "c-1": "left_source",
        "c-2": "left_scope",
        "c-3": "left_scope",
        "c-4": "target_only",
    }
    whole = plan_entity(CONTACT, desired(), held, EMPTY, {})
    assert set(whole["reason"]) == {"left_source", "target_only"}
