"""From a carrier's rows to policies, members and agents, by its mapping table; what a row says that no record may."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from crosswalk.core.model import Rejection
from crosswalk.core.npn import NpnFault
from crosswalk.core.ports import Row
from crosswalk.errors.catalog import require
from crosswalk.features.inbound_files.ports import row_id
from crosswalk.systems.carriers.carrier import Carrier, entity_fields, row_fields
from crosswalk.systems.carriers.sheet import RawRow

CHUNK = 2000
SUBSCRIBER = "subscriber"


@dataclass(frozen=True)
class Record:
    """One row that can travel: its values by target field, and the ids of what it is about."""

    number: int
    values: Row
    policy_id: str
    member_id: str

    @property
    def names_a_person(self) -> bool:
        return bool(self.values["first_name"].strip() or self.values["last_name"].strip())


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file after the mapping table: records in file order, and the rows rejected."""

    records: list[Record]
    rejections: list[Rejection]


def policy_id(carrier: str, number: str) -> str:
    """Name a policy by a digest: the same carrier and number always give the same id, and reports never show a policy number."""
    return f"P-{_digest(carrier, number)}"


def member_id(carrier: str, number: str, values: Row) -> str:
    """Name a member by carrier, policy and role; where a role can be had by several, by birth date and first name as well.

    E-mail does not count: it is often absent, and changes.
    """
    role = values["role"]
    who = () if role in (SUBSCRIBER, "spouse") else (values["birth_date"], values["first_name"].strip().casefold())
    return f"M-{_digest(carrier, number, role, *who)}"


def chunks(rows: Iterable[RawRow], carrier: Carrier, file_name: str) -> Iterator[Chunk]:
    """Turn rows into records, some thousand at a time. Rejections name the file and the row."""
    iterator = iter(rows)
    while some := list(itertools.islice(iterator, CHUNK)):
        yield _chunk(some, carrier, file_name)


def entity_row(entity: str, record: Record, carrier: Carrier) -> Row:
    """Give the part of a record that is of this entity, as the port's row."""
    values = record.values
    derived = {
        "policy": {"source_id": record.policy_id, "carrier": carrier.name},
        "member": {"source_id": record.member_id, "policy": record.policy_id},
        "agent": {"source_id": values["writing_agent_npn"], "npn": values["writing_agent_npn"]},
    }[entity]
    return {**derived, **{name: values[name] for name in entity_fields()[entity] if name not in derived}}


def _chunk(rows: list[RawRow], carrier: Carrier, file_name: str) -> Chunk:
    import pandas as pd

    names = {str(row.number): row_id(carrier.name, file_name, row.number) for row in rows}
    columns = {name: [row.cells.get(name, "") for row in rows] for name in carrier.columns}
    mapped = carrier.mapping.apply(pd.DataFrame({"source_id": [str(row.number) for row in rows], **columns}, dtype="str"))
    rejections = [_named(rejection, names[rejection.source_id], carrier) for rejection in mapped.rejections]
    records: list[Record] = []
    defaults = dict.fromkeys(row_fields(), "")
    targets = carrier.mapping.target_names
    numbers = mapped.frame["source_id"].tolist()
    for number, cells in zip(numbers, zip(*(mapped.frame[name].tolist() for name in targets), strict=True), strict=True):
        whole: Row = {**defaults, **dict(zip(targets, cells, strict=True))}
        whole["role"] = whole["role"] or SUBSCRIBER
        if not carrier.policy_number.fullmatch(whole["policy_number"]):
            rejections.append(_policy_format(names[number]))
            continue
        ids = policy_id(carrier.name, whole["policy_number"]), member_id(carrier.name, whole["policy_number"], whole)
        records.append(Record(int(number), whole, *ids))
    return Chunk(records, rejections)


def _named(rejection: Rejection, source_id: str, carrier: Carrier) -> Rejection:
    code, agents = rejection.code, next((row.source for row in carrier.mapping.sent if row.target == "writing_agent_npn"), "")
    if code == "REQUIRED_BLANK" and rejection.field == agents:
        code = NpnFault.MISSING.value
    return Rejection("policy", source_id, code, rejection.field, rejection.reason, rejection.fix, rejection.masked)


def _policy_format(source_id: str) -> Rejection:
    reason = "the policy number is not of this carrier's form: it may have lost zeros, or its end"
    fix = require("FILE_POLICY_FORMAT", "rejection").next_step
    return Rejection("policy", source_id, "FILE_POLICY_FORMAT", "policy_number", reason, fix)


def _digest(*parts: str) -> str:
    digest = sha256()
    for part in parts:
        raw = part.encode()
        digest.update(f"{len(raw)}:".encode() + raw)
    return digest.hexdigest()[:20]
