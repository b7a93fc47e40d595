from __future__ import annotations

import pytest

from crosswalk.core.plurals import counted, plural
from crosswalk.integrations.specs import integration_names, load_spec


@pytest.mark.parametrize(
    ("one", "many"), [("contact", "contacts"), ("policy", "policies"), ("company", "companies"), ("day", "days"), ("y", "ys")]
)
def test_several_are_called_as_people_call_them(one: str, many: str) -> None:
    assert plural(one) == many
    assert (counted(0, one), counted(1, one), counted(1200, one)) == (f"0 {many}", f"1 {one}", f"1,200 {many}")


def test_every_kind_of_record_we_move_has_its_plural() -> None:
    said = {entity.plural for name in integration_names() for entity in load_spec(name).entities}
    assert said == {
        "agents",
        "clients",
        "companies",
        "contacts",
        "deals",
        "groups",
        "investments",
        "members",
        "policies",
    }
