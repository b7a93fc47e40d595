"""What may go wrong with one request, and the deliveries it may go wrong in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from crosswalk.store.runs import RunRow
from reliability.small_world import Kept, SmallWorld
from reliability.traffic import Traffic
from reliability.truth import Holding, Restored, Truth, holding

TIME_OUT = 0.25
"""Seconds after which a client gives up waiting, where an answer comes too late."""
DOWN = 40
"""Requests in a row, more than the tries of any one."""

FAULTS: dict[str, dict[str, Any]] = {
    "lost answer": {"kind": "lost_answer"},
    "time-out": {"kind": "latency", "seconds": 2 * TIME_OUT},
    "reset before": {"kind": "reset"},
    "reset after": {"kind": "reset", "carry_out": True},
    "502 before": {"kind": "status", "status": 502},
    "502 after": {"kind": "status", "status": 502, "carry_out": True},
    "cut body": {"kind": "cut"},
    "429": {"kind": "rate_limited", "retry_after": None},
    "429 with seconds": {"kind": "rate_limited", "retry_after": 1},
    "429 with a date": {"kind": "rate_limited", "retry_after": "date", "seconds": 1},
    "503 with seconds": {"kind": "status", "status": 503, "headers": {"Retry-After": "1"}},
    "expired": {"kind": "expired"},
    "every answer lost from here on": {"kind": "lost_answer", "times": DOWN},
    "502 from here on, carried out": {"kind": "status", "status": 502, "carry_out": True, "times": DOWN},
    "502 from here on": {"kind": "status", "status": 502, "times": DOWN},
    "expired from here on": {"kind": "expired", "times": DOWN},
}
LASTING = frozenset(name for name, fault in FAULTS.items() if "times" in fault)
"""Kinds the run cannot get past; it gets past any other, but for a key that was refused."""
RATE_LIMITS = ("429 with seconds", "429 with a date", "503 with seconds")

Act = Callable[[SmallWorld], RunRow]


@dataclass(frozen=True)
class Place:
    """One request of a clean run: the nth its system gets."""

    system: str
    at: int
    operation: str
    write: bool


@dataclass(frozen=True)
class Scenario:
    """One delivery: the world before it, what is done and done again, what FMG has to hold afterwards, and the requests it takes."""

    name: str
    kept: Kept
    act: Act
    act_again: Act
    before: Holding
    truth: Truth | Restored
    places: tuple[Place, ...]


def scenario(
    name: str, world: SmallWorld, traffic: Traffic, act: Act, *, act_again: Act | None = None, truth: Restored | None = None
) -> Scenario:
    """Keep the world as it stands, run once without a fault and note every request.

    act_again: the re-run, when it is another than act. truth: what is delivered, when it is not what the source holds now.
    """
    made = Scenario(name, Kept.now(world), act, act_again or act, holding(world), truth or Truth.now(world), ())
    with made.kept.again() as clean:
        traffic.forget()
        act(clean)
        asked = list(traffic.asked)
    made.kept.restore()
    places = [
        Place(system, number, one.operation, system == "fmg" and one.method != "GET")
        for system in ("smartoffice", "fmg")
        for number, one in enumerate([one for one in asked if one.system == system], 1)
    ]
    assert any(place.operation == "commit import" for place in places), name
    return replace(made, places=tuple(places))


def spread(chosen: Scenario, kind: str) -> list[Place]:
    """Some requests for this kind of fault, others for another: a lost answer at every write, what lasts near the end of the delivery."""
    if kind == "lost answer":
        return [place for place in chosen.places if place.write]
    pool = chosen.places[-12:] if kind in LASTING else chosen.places
    apart = 6 if kind in LASTING else 30 if kind in RATE_LIMITS else 15
    return list(pool[(list(FAULTS).index(kind) * 5 + len(chosen.name)) % apart :: apart])


def edit_truthfully(world: SmallWorld) -> None:
    """Change the source as a day's work does: values, memberships, names, a few that come and go; nothing that would be held."""
    office = "/smartoffice/offices/DEMO01"
    mailed = [one for one in world.contacts() if one["email"]]
    ids = sorted(one["source_id"] for one in mailed)
    groups = [one["id"] for one in world.source_groups()]
    for number, one in enumerate(ids[:9]):
        world.source_contact(one, **{"PreferredAddress.City": f"Elsewhere {number}", "Greeting": ""})
    world.source_contact(ids[9], TagGroups=[groups[1]])
    world.source_contact(ids[10], **{"PreferredEmail.Address": "moved@example.test"})
    for one in ids[11:14]:
        world.control("DELETE", f"{office}/contacts/{one}")
    for number in range(20):
        email = {"PreferredEmail.Address": f"new{number}@example.test"}
        world.control("POST", f"{office}/contacts", LastName=f"New {number}", TagGroups=[groups[0]], **email)
    world.control("PATCH", f"{office}/groups/{groups[2]}", Name="Renamed")
    world.control("POST", f"{office}/groups", Name="Added")
    world.control("DELETE", f"/fmg/accounts/{world.fmg}/contacts/{mailed[-1]['contact_id']}")
    world.control("PATCH", f"/fmg/accounts/{world.fmg}/contacts/{mailed[-2]['contact_id']}", city="Edited in FMG")
