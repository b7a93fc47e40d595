from __future__ import annotations

import time

import pandas as pd
import pytest

from crosswalk.core.plan import check_sums, payload_hashes, plan_entity, plan_hash, summary
from crosswalk.core.safety import holds
from unit.core.planning import CONTACT, SPEC, delivered, target

SIZE = 30_000


@pytest.mark.requirement("CARD-4")
def test_a_whole_night_at_full_size_is_planned_within_seconds() -> None:
    """About 0.5 s for the plan on an idle core; the bound leaves room for a busy machine."""
    ids = [f"Contact.7.{number}" for number in range(SIZE)]
    values = {name: [f"{name} {number}" for number in range(SIZE)] for name in CONTACT.target_fields}
    want = pd.DataFrame({"source_id": ids, **values}, dtype="str")
    held = want.assign(target_id=[f"c-{number:06d}" for number in range(SIZE)])
    held.loc[:99, "city"] = "Salem"
    known = delivered().reindex(range(SIZE)).assign(source_id=ids, target_id="", payload_hash=payload_hashes(want, CONTACT.target_fields))

    started = time.process_time()
    plan = plan_entity(CONTACT, want, held, known, {})
    check_sums(plan, ids, held["target_id"])
    found = holds(SPEC.safety, CONTACT, plan, want, held, known, first=False, mapping_changed=True)
    digest = plan_hash([plan], {})
    seconds = time.process_time() - started

    assert (summary(plan), found, len(digest)) == ({"unchanged": SIZE - 100, "update": 100}, [], 64)
    assert set(target().columns) <= set(held.columns)
    assert seconds < 6
