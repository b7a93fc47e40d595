"""The e-mail addresses and names of docs/bad-input.md: which of them travel, which reject their record, and that the others are spared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from world import World, world

TRAVELS = {
    "E empty": "",
    "E unicode domain": "quinn@bücher.example",
    "E look-alike letters": "quinn@ex\u0430mple.test",
    "E 254-character whole": f"quinn@{'a.' * 122}test",
    "E 64-character local part": f"{'a' * 64}@example.test",
    "E mixed case, lower id": "Quinn.Pair@Example.TEST",
}
INVALID = {
    "E two at-signs": "quinn@@example.test",
    "E trailing dot": "quinn@example.test.",
    "E quoted local part": '"quinn quill"@example.test',
    "E 65-character local part": f"{'a' * 65}@example.test",
    "E 255-character whole": f"quinn@{'a.' * 122}tests",
    "E inner newline": "quinn@exam\nple.test",
    "E display name": "Quinn Quill <quinn@example.test>",
    "E placeholder": "none@none",
}
SHARED = {"E mixed case, higher id": "quinn.PAIR@example.test"}
NAMES = {
    "N O'Brien": "O'Brien",
    "N one letter": "Q",
    "N 100 letters": "Q" + "u" * 99,
    "N right-to-left marks": "\u200fQuinn\u202e",
    "N emoji": "Quinn 👩‍🚀",
    "N formula": '=HYPERLINK("https://evil.example")',
    "N tag": "<script>alert(1)</script>",
    "N braces": "{{ 7*7 }}${7*7}",
}
TOO_LONG = {"N 300 letters": "Q" + "u" * 299}


class Delivered:
    """One run over all of them, and what became of each."""

    def __init__(self, box: World) -> None:
        box.run(approve=lambda _: True)
        self.before = box.seen()
        ids = iter(sorted(self.before, key=lambda one: int(one.rpartition(".")[2])))
        self.ids: dict[str, str] = {}
        for rows, field in ((TRAVELS, "PreferredEmail.Address"), (INVALID, "PreferredEmail.Address"), (SHARED, "PreferredEmail.Address")):
            self._set(box, rows, field, ids)
        for rows, field in ((NAMES, "LastName"), (TOO_LONG, "LastName")):
            self._set(box, rows, field, ids)
        row = box.run()
        self.status, self.after = row.status, box.seen()
        self.codes = {(r.source_id, r.code, r.field) for r in box.store.rejected.open("smartoffice_to_fmg", "summit")}
        folder = box.zone.report_folder(row.key)
        self.report = "".join(folder.read_bytes(name).decode() for name in ("report.html", "report.json", "rejected.csv", "plan.csv"))

    def _set(self, box: World, rows: dict[str, str], field: str, ids: Iterator[str]) -> None:
        for name, value in rows.items():
            self.ids[name] = next(ids)
            box.source_contact(self.ids[name], **{field: value})

    def rejected(self, row: str) -> set[tuple[str, str]]:
        return {(code, field) for one, code, field in self.codes if one == self.ids[row]}


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivered]:
    with world(tmp_path_factory.mktemp("people"), contacts=60, groups=2, seed=5) as box:
        yield Delivered(box)


@pytest.mark.requirement("FMG-11")
@pytest.mark.parametrize("row", TRAVELS)
def test_an_address_that_may_travel_arrives_as_typed(delivered: Delivered, row: str) -> None:
    assert delivered.after[delivered.ids[row]]["email"] == TRAVELS[row]
    assert delivered.rejected(row) == set()


@pytest.mark.requirement("FMG-11", "SAFE-10")
@pytest.mark.parametrize(("row", "code"), [*((one, "EMAIL_INVALID") for one in INVALID), *((one, "EMAIL_DUPLICATE") for one in SHARED)])
def test_an_address_that_may_not_keeps_what_fmg_has(delivered: Delivered, row: str, code: str) -> None:
    assert delivered.status is RunStatus.PARTIAL
    assert (code, "PreferredEmail.Address") in delivered.rejected(row)
    assert kept(delivered, row)


@pytest.mark.requirement("SAFE-10")
@pytest.mark.parametrize("row", NAMES)
def test_a_name_is_text_and_nothing_else(delivered: Delivered, row: str) -> None:
    assert delivered.after[delivered.ids[row]]["last_name"] == NAMES[row]
    assert len(NAMES[row]) == 1 or NAMES[row] not in delivered.report


@pytest.mark.requirement("SAFE-10")
@pytest.mark.parametrize("row", TOO_LONG)
def test_a_name_fmg_has_no_room_for_is_rejected_not_cut(delivered: Delivered, row: str) -> None:
    assert delivered.rejected(row) == {("FIELD_TOO_LONG", "LastName")}
    assert kept(delivered, row)


@pytest.mark.requirement("SAFE-9")
@pytest.mark.parametrize("row", {**INVALID, **SHARED, **TOO_LONG})
def test_what_is_wrong_is_said_without_the_value(delivered: Delivered, row: str) -> None:
    value: Any = {**INVALID, **SHARED, **TOO_LONG}[row]
    assert value not in delivered.report


def kept(delivered: Delivered, row: str) -> bool:
    one = delivered.ids[row]
    return delivered.after[one] == delivered.before[one]
