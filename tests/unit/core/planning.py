"""Small frames for plans, and the model of a target that carries a plan out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from crosswalk.core.plan import payload_hashes
from crosswalk.integrations.specs import load_spec

SPEC = load_spec("smartoffice_to_fmg")
CONTACT = SPEC.entity("contact")
GROUP = SPEC.entity("group")
FIELDS = list(CONTACT.target_fields)
SENT = ("create", "update", "unchanged")

Record = Mapping[str, str]


def desired(*records: Record) -> pd.DataFrame:
    return _frame(["source_id", *FIELDS], records)


def target(*records: Record) -> pd.DataFrame:
    return _frame(["target_id", "source_id", *FIELDS], records)


def delivered(*source_ids: str, records: pd.DataFrame | None = None) -> pd.DataFrame:
    """What was acknowledged: the hash of the record where given, another one otherwise."""
    known = {} if records is None else dict(zip(records["source_id"], payload_hashes(records, CONTACT.target_fields), strict=True))
    rows = [{"source_id": one, "target_id": f"c-{one}", "payload_hash": known.get(one, "0" * 64)} for one in source_ids]
    return pd.DataFrame(rows, columns=["source_id", "target_id", "payload_hash"], dtype="str")


def rows(plan: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """The plan as (source_id, target_id, outcome, reason)."""
    return list(plan[["source_id", "target_id", "outcome", "reason"]].itertuples(index=False, name=None))


def carry_out(plan: pd.DataFrame, wanted: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """What a target holds after a plan: the model every real delivery is compared with."""
    values = wanted.set_index("source_id").to_dict("index")
    after = {row["target_id"]: row for row in held.to_dict("records")}
    for row in plan.to_dict("records"):
        if row["outcome"] == "delete":
            del after[row["target_id"]]
        elif row["outcome"] in ("create", "update"):
            target_id = row["target_id"] or f"new-{row['source_id']}"
            after[target_id] = {"target_id": target_id, "source_id": row["source_id"], **values[row["source_id"]]}
    return target(*after.values())


def _frame(columns: list[str], records: tuple[Record, ...]) -> pd.DataFrame:
    return pd.DataFrame([{name: record.get(name, "") for name in columns} for record in records], columns=columns, dtype="str")
