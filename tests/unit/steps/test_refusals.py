"""What the target refuses: it stays as it is, is not taken for delivered, and is never green."""

from __future__ import annotations

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.errors import SafetyStop
from memory import NAME, MemoryOffice


@pytest.mark.requirement("FMG-06", "SAFE-6")
def test_a_replace_keeps_what_the_target_refuses_or_changes_nothing(office: MemoryOffice) -> None:
    own = {"target_id": "c-own", "last_name": "Earlier", "email": "quill1@example.test"}
    office.target.put("contact", [own])
    earlier = office.target.seen()["c-own"]
    office.target.answer = lambda operation: "INVALID" if operation.key in ("Contact.7.1", "c-own") else ""
    before = office.target.seen()
    with pytest.raises(SafetyStop, match="TGT_KEEP_REFUSED"):
        office.run("first", approve=lambda _: True)
    assert office.target.seen() == before
    office.target.answer = lambda operation: "INVALID" if operation.key == "Contact.7.1" else ""
    assert office.run("second", approve=lambda _: True).status is RunStatus.PARTIAL
    assert office.target.seen()["c-own"] == earlier


@pytest.mark.requirement("SAFE-10")
def test_what_was_refused_or_left_out_is_not_taken_for_delivered(delivered: MemoryOffice) -> None:
    def acknowledged() -> dict[str, str]:
        frame = delivered.store.ledger.delivered(NAME, "summit", "contact")
        return dict(zip(frame["source_id"], frame["payload_hash"], strict=True))

    before = acknowledged()
    changed, gone, left_out = (f"Contact.7.{number}" for number in (1, 20, 3))
    delivered.source.contacts[0]["Greeting"] = delivered.source.contacts[2]["Greeting"] = "Changed"
    delivered.source.contacts.pop()
    delivered.target.answer = lambda one: {changed: "INVALID", f"c-{gone}": "INVALID", left_out: "-"}.get(one.key, "")
    row = delivered.run()
    assert row.status is RunStatus.PARTIAL
    assert acknowledged() == before
    codes = {one.source_id: one.code for one in delivered.store.rejected.open(NAME, "summit")}
    assert codes == {changed: "TGT_INVALID", gone: "TGT_INVALID", left_out: "TGT_UNPROCESSED"}
    delivered.target.answer = lambda _operation: ""
    plan = delivered.zone.folder(delivered.run().key).read_frame("plan").set_index("source_id")
    assert plan.loc[[changed, gone, left_out], "reason"].tolist() == ["source", "left_source", "source"]
    assert delivered.store.rejected.open(NAME, "summit") == []
