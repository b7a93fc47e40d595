"""A dry run shows, record for record, what the next real run does, and moves nothing (SAFE-8)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswalk.core.model import RunStatus
from world import World, world

PLACES = st.integers(min_value=0, max_value=59)
TEXT = st.text(st.characters(whitelist_categories=["Lu", "Ll", "Nd", "Zs"]), max_size=12)
EDITS = st.one_of(
    st.tuples(st.just("set"), PLACES, st.sampled_from(["FirstName", "Greeting", "PreferredAddress.City"]), TEXT),
    st.tuples(st.just("email"), PLACES, PLACES, st.just("")),
    st.tuples(st.just("set"), PLACES, st.sampled_from(["Person.Dob", "ReviewDate"]), st.sampled_from(["", "1970-01-02", "1970-02-30"])),
    st.tuples(st.just("groups"), PLACES, PLACES, st.just("")),
    st.tuples(st.just("delete"), PLACES, st.just(""), st.just("")),
    st.tuples(st.just("insert"), PLACES, st.just(""), TEXT),
)


@pytest.mark.requirement("SAFE-8")
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(edits=st.lists(EDITS, max_size=8), delivered_before=st.booleans())
def test_the_plan_of_a_dry_run_is_what_the_real_run_does(edits: list[tuple[str, Any, Any, Any]], delivered_before: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, world(Path(folder), contacts=60, groups=4) as here:
        if delivered_before:
            here.run()
        for edit in edits:
            _apply(here, edit)
        before = (here.contacts(), here.groups(), here.writes(), _state(here))
        dry = here.run(dry_run=True)
        assert dry.status is RunStatus.DRY_RUN
        assert (here.contacts(), here.groups(), here.writes(), _state(here)) == before
        real = here.run(approve=lambda _: True)
        assert _rows(here, dry.key) == _rows(here, real.key)
        assert dry.plan_hash == real.plan_hash
        _effect_is_as_planned(before[0], here.contacts(), _rows(here, dry.key))


def _effect_is_as_planned(before: list[dict[str, Any]], after: list[dict[str, Any]], plan: list[dict[str, str]]) -> None:
    old, new = ({c["contact_id"]: c for c in contacts} for contacts in (before, after))
    contacts = [row for row in plan if row["entity"] == "contact"]
    planned = {outcome: {row["target_id"] for row in contacts if row["outcome"] == outcome} for outcome in ("update", "delete")}
    assert {i for i in old if i not in new} == planned["delete"]
    assert {i for i in old if i in new and old[i] != new[i]} == planned["update"]
    assert {new[i]["source_id"] for i in new if i not in old} == {r["source_id"] for r in contacts if r["outcome"] == "create"}


def _rows(here: World, key: Any) -> list[dict[str, str]]:
    rows = here.zone.folder(key).read_frame("plan").to_dict("records")
    return sorted(rows, key=lambda row: (row["entity"], row["source_id"], row["target_id"]))


def _state(here: World) -> tuple[Any, ...]:
    delivered = here.store.ledger.delivered("smartoffice_to_fmg", "summit", "contact")
    return delivered.to_dict("records"), here.store.rejected.open("smartoffice_to_fmg", "summit")


def _apply(here: World, edit: tuple[str, Any, Any, Any]) -> None:
    kind, place, what, value = edit
    contacts = here.source_contacts()
    if not contacts:
        return
    contact = contacts[place % len(contacts)]
    if kind == "set":
        here.source_contact(contact["id"], **{what: value})
    elif kind == "email":
        here.source_contact(contact["id"], **{"PreferredEmail.Address": contacts[what % len(contacts)]["PreferredEmail.Address"]})
    elif kind == "groups":
        here.source_contact(contact["id"], TagGroups=contacts[what % len(contacts)]["TagGroups"])
    elif kind == "delete":
        here.control("DELETE", f"/smartoffice/offices/DEMO01/contacts/{contact['id']}")
    else:
        here.control("POST", "/smartoffice/offices/DEMO01/contacts", LastName=value or "Neu")
