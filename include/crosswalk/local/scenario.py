"""What one integration brings to the local world: customers in the sandbox, the connections that lead there, the jobs of the demo.

To add one, write a class of this shape in scenarios/ and add it to SCENARIOS there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from crosswalk.local.control import Sandbox

if TYPE_CHECKING:
    from crosswalk.local.environment import Place
    from crosswalk.store.store import Store

Connections = dict[str, dict[str, Any]]
"""Airflow's connections: id → conn_type, host, login, password, extra and so on."""


@dataclass(frozen=True)
class Job:
    """One run of a DAG, for accounts of one integration.

    ends: account → how the demo expects it to end: "delivered", "held" or an error code. conf: of the run; None names the accounts,
    and lets a run count that the schedule began for them meanwhile. once: what a run took is not taken again; without anything new the
    next one is skipped. before: what a person does before it; may be repeated. title: what tells it from the same DAG's other jobs.
    """

    dag: str
    integration: str
    ends: Mapping[str, str]
    conf: dict[str, Any] | None = None
    once: bool = False
    before: Callable[[Place, Store], None] | None = None
    title: str = ""


class Scenario(Protocol):
    """One integration's part of the local world."""

    @property
    def announced(self) -> str:
        """What it brings, in a few words for the person who waits."""

    def open(self, sandbox: Sandbox) -> None:
        """Make its customers in a new sandbox, with both vendors. Raises TransientError LOCAL_SANDBOX."""

    def connections(self, sandbox: Sandbox) -> Connections:
        """Build the Airflow connections of its accounts."""

    def jobs(self) -> Sequence[Job]:
        """What the demo runs, one after the other; other scenarios' jobs run at the same time."""

    def writes(self, sandbox: Sandbox) -> dict[str, int]:
        """Count the write requests each account's target was sent so far."""
