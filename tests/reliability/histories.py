"""Small offices with a past: what was delivered before the source begins to lie, and a day's truthful work on top."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from crosswalk.sandbox.server import SandboxServer
from reliability.small_world import Kept, SmallWorld

CONTACTS, GROUPS, PAGE_SIZE = 31, 6, 10
SCOPE = ("Newsletter", "Clients A")
FLOOR = 2
"""Deletes and lost members these accounts let pass: a loss up to here is, for anyone, a truthful change. So many contacts FMG holds that
nobody imported: no other rule sees them."""
SAFETY = {"delete_floor": FLOOR, "slice_floor": FLOOR}
OFFICE = "/smartoffice/offices/DEMO01"


@dataclass(frozen=True)
class History:
    """One past. delivered: whether FMG holds a list of ours; own: whether it holds contacts nobody imported; scope: as World.scope."""

    name: str
    kept: Kept
    delivered: bool
    own: bool = False
    scope: tuple[str, ...] | None = None


def histories(box: SandboxServer, folder: Path) -> dict[str, History]:
    """Live through every past once and keep each."""
    made = {}
    world = _world(box, folder / "plain")
    made["nothing delivered"] = History("nothing delivered", Kept.now(world), delivered=False)
    world.run()
    made["one delivery"] = History("one delivery", Kept.now(world), delivered=True)
    edit_truthfully(world, Random(1), drops=1)
    world.run()
    made["two deliveries"] = History("two deliveries", Kept.now(world), delivered=True)
    made["nothing delivered"].kept.restore()
    scoped = _world(box, folder / "scoped").with_(scope=SCOPE)
    scoped.run()
    made["a scope delivered"] = History("a scope delivered", Kept.now(scoped), delivered=True, scope=SCOPE)
    made["nothing delivered"].kept.restore()
    own = _world(box, folder / "own")
    people = [{"last_name": "Own", "email": f"own{number}@only-fmg.example"} for number in range(FLOOR)]
    own.control("POST", "/fmg/accounts", account=own.fmg, contacts=people, opt_outs=[people[0]["email"]])
    made["only in FMG"] = History("only in FMG", Kept.now(own), delivered=False, own=True)
    return made


def edit_truthfully(world: SmallWorld, random: Random, *, drops: int) -> None:
    """A day's work in the office and opt-outs in FMG, so little that no safety rule holds it. drops: contacts deleted at most."""
    held = sorted(one["source_id"] for one in world.contacts() if one["source_id"])
    held = held or [one["id"] for one in world.source_contacts()][:5]
    chosen = random.sample(held, 5)
    for one in chosen[: random.randint(0, 3)]:
        world.source_contact(one, **{"PreferredAddress.City": f"Elsewhere {random.randint(1, 99)}", "Greeting": "Changed"})
    for one in chosen[3 : 3 + random.randint(0, drops)]:
        world.control("DELETE", f"{OFFICE}/contacts/{one}")
    for number in range(random.randint(0, 2)):
        email = {"PreferredEmail.Address": f"new{number}.{random.randint(1, 999)}@example.test"}
        world.control("POST", f"{OFFICE}/contacts", LastName=f"New {number}", TagGroups=["TagGroup.7.1"], **email)
    if random.random() < 0.3:
        world.control("PATCH", f"{OFFICE}/groups/TagGroup.7.4", Name=f"Renamed {random.randint(1, 99)}")
    for one in random.sample([one["email"] for one in world.contacts() if one["email"]] or ["out@example.test"], 1):
        world.control("POST", f"/fmg/accounts/{world.fmg}/opt-outs", email=one)


@contextmanager
def relived(history: History, seed: int, **settings: object) -> Iterator[SmallWorld]:
    """The past once more, with a day's work on top; the same seed gives the same."""
    with history.kept.again(**settings) as world:
        redo_edits(history, world, seed)
        yield world


def redo_edits(history: History, world: SmallWorld, seed: int) -> None:
    """Do the day's work again on a sandbox that was just restored."""
    edit_truthfully(world, Random(f"{seed} edits"), drops=1)


def _world(box: SandboxServer, folder: Path) -> SmallWorld:
    return SmallWorld(box.url, folder, page_size=PAGE_SIZE, safety=SAFETY)
