"""Isolation: the one place every outgoing record passes, where it is held against the run's tenant whatever the steps before did.

A policy in the wrong business is the one mistake that cannot be taken back, so nothing here trusts a scope, a search, a mapping or a
plan: a record goes out only when the field that says whose it is names the tenant's NPNs and no other, letter by letter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.core.npn import npn_fault
from crosswalk.core.ports import BatchResult, Delivery, Operation, Receipt
from crosswalk.core.spec.model import BUSINESS, NPNS
from crosswalk.errors import SafetyStop


@dataclass(frozen=True)
class Tenant:
    """Whose records a run may write. business: the id the target's identity ends in. fields: entity → the target field that says whose."""

    business: str
    npns: frozenset[str]
    fields: Mapping[str, str]

    def require(self, place: str, operations: Sequence[Operation]) -> None:
        """Let the operations pass. place: the target's identity. Raises SafetyStop ISOLATION_BREACH; it names records, no values."""
        if place.rpartition("/")[2] != self.business:
            raise SafetyStop(
                "ISOLATION_BREACH",
                operation=f"writing to {place}",
                problem="the target is another business than the run's",
                next_step="correct the target of the account",
            )
        for operation in operations:
            if not self._owns(operation):
                raise SafetyStop(
                    "ISOLATION_BREACH",
                    operation=f"sending {operation.entity} {operation.key}",
                    problem="the record is not of the run's tenant, or does not say whose it is",
                )

    def _owns(self, operation: Operation) -> bool:
        """A delete carries no values, and nothing is ever taken from a tenant: it passes for nobody."""
        named = operation.values.get(self.fields.get(operation.entity, ""), "").split()
        return operation.op == "upsert" and bool(named) and all(npn_fault(one) is None and one in self.npns for one in named)


def tenant_of(fields: Mapping[str, str], options: Mapping[str, Any], what: str) -> Tenant:
    """Say whose records a run may write.

    fields: entity → the target field that says whose a record is. options: the account's settings; what: names the run. Raises
    SafetyStop ISOLATION_UNKNOWN when they do not say, or name an NPN that is none.
    """
    business, npns = options.get(BUSINESS), options.get(NPNS)
    known = isinstance(business, str) and business and isinstance(npns, list | tuple) and npns
    if not known or not all(isinstance(npn, str) and npn_fault(npn) is None and npn == npn.strip() for npn in npns or ()):
        raise SafetyStop(
            "ISOLATION_UNKNOWN",
            operation=f"reading the settings of an account of {what}",
            problem="they do not say whose records may be written",
            next_step=f"set {BUSINESS} and {NPNS}, each NPN whole and as text",
        )
    return Tenant(str(business).lower(), frozenset(npns or ()), fields)


class GuardedDelivery:
    """Implements core.ports.Delivery around another: nothing reaches it that is not of the tenant."""

    def __init__(self, delivery: Delivery, place: str, tenant: Tenant) -> None:
        self._delivery = delivery
        self._place = place
        self._tenant = tenant
        self.max_batch = delivery.max_batch
        self.max_parallel = delivery.max_parallel

    def send(self, number: int, operations: Sequence[Operation]) -> BatchResult:
        """Send a batch. Raises SafetyStop ISOLATION_BREACH before anything of it is sent."""
        self._tenant.require(self._place, operations)
        return self._delivery.send(number, operations)

    def commit(self, batches: int, counts: Mapping[str, Mapping[str, int]]) -> Receipt:
        return self._delivery.commit(batches, counts)
