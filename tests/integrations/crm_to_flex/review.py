"""The whole way in one process: both systems read, candidates found, decisions stored, the operations carried out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import requests

import crosswalk
from crosswalk.core.candidates.find import Decided, find_candidates
from crosswalk.core.candidates.roles import load_roles
from crosswalk.core.linking import Entity, automatic_links, follow_merges, links, operations, statuses, with_company_names
from crosswalk.core.model import RunKey
from crosswalk.core.ports import BatchResult, Operation
from crosswalk.core.review import AUTOMATIC, Kind, Wish
from crosswalk.core.spec import load_spec
from crosswalk.store.store import Store
from systems.subjects import flex, hubspot

SPEC = load_spec("crm_to_flex")
ROLES = load_roles(Path(crosswalk.__file__).parent / "integrations" / "crm_to_flex" / "candidates.csv")
ACCOUNT = ("crm_to_flex", "summit")


@dataclass
class Review:
    """One account at the sandbox at `url`."""

    url: str
    store: Store
    snapshot: int = 0
    source_rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def entities(self) -> dict[str, Entity]:
        source, target = hubspot(self.url), flex(self.url)
        read = {}
        for name in ("company", "contact"):
            spec = SPEC.entity(name)
            self.source_rows[name] = rows = [row for page in source.pages(name, None) for row in page.rows]
            desired = spec.mapping.apply(pd.DataFrame(rows, columns=["source_id", *spec.mapping.source_fields], dtype="str")).frame
            held = pd.DataFrame([row for page in target.pages(name) for row in page.rows], dtype="str")
            standing = follow_merges(self.store.decisions.standing(*ACCOUNT, name), merged(rows))
            read[name] = Entity(name, spec.mapping, desired, held, standing)
        return read

    def candidates(self, read: dict[str, Entity], name: str) -> pd.DataFrame:
        one = read[name]
        desired = with_company_names(one.desired, read["company"].desired) if name == "contact" else one.desired
        return find_candidates(desired, one.target, ROLES[name], Decided(links(one), one.standing.apart))

    def statuses(self, name: str) -> pd.DataFrame:
        read = self.entities()
        return statuses(read[name], self.candidates(read, name)).set_index("source_id")

    def link_automatically(self) -> int:
        read = self.entities()
        wishes = [wish for name in read for wish in automatic_links(read[name], self.candidates(read, name))]
        return len(self.store.decisions.decide_each(*ACCOUNT, wishes, AUTOMATIC).decisions)

    def decide(self, *wishes: Wish, by: str = "ana") -> None:
        assert self.store.decisions.decide_each(*ACCOUNT, wishes, by).refused == ()

    def load(self) -> tuple[list[Operation], list[Any]]:
        """Carry out what stands; returns what was sent and what was refused."""
        self.snapshot += 1
        read, source, target = self.entities(), hubspot(self.url), flex(self.url)
        mapping = SPEC.entity("deal").mapping
        rows = [row for page in source.pages("deal", None) for row in page.rows]
        deals = mapping.apply(pd.DataFrame(rows, columns=["source_id", *mapping.source_fields], dtype="str")).frame
        known = [row for page in target.pages("deal") for row in page.rows]
        held = pd.DataFrame(known, columns=["target_id", "source_id", *mapping.target_names], dtype="str")
        sent = operations(read["company"], read["contact"], deals, held, "Clients")
        delivery = target.open(mode="delta", snapshot=self.snapshot, base_revision=0, source=source.describe())
        refused: list[Any] = []
        for number, operation in enumerate(sent, 1):
            result: BatchResult = delivery.send(number, [operation])
            refused += result.refused
        for name in ("company", "contact"):
            made = {row["source_id"]: row["target_id"] for page in flex(self.url).pages(name) for row in page.rows if row["source_id"]}
            self.store.decisions.carried_out(RunKey(*ACCOUNT, self.snapshot), name, made)
        return sent, refused


def merged(rows: list[dict[str, str]]) -> dict[str, str]:
    return {one: row["source_id"] for row in rows for one in row["hs_merged_object_ids"].split(";") if one}


def wish(entity: str, kind: Kind, source_id: str, target_id: str = "", seen: int = 0) -> Wish:
    return Wish(entity, source_id, kind, target_id, seen=seen)
