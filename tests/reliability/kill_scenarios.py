"""The worlds of the kill sweep: an office, its FMG account, what was delivered so far, and what FMG must hold after the killed run."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosswalk.sandbox.server import SandboxServer
from oracle import expected_contacts
from reliability.killed import ForkServer, Watch
from world import TEXTS, World

Task = dict[str, Any]
QUIET: Task = {"act": "run", "name": "quiet", "approve": False, "ahead": 3000, "unreported": True}
"""The night after: nobody approves anything, and every lease ran out."""
SEED = 11
UNUSABLE = ({"LastName": ""}, {"PreferredEmail.Address": "nobody at example.test"}, {"Person.Dob": "1980-02-30"})
STRANGER: dict[str, Any] = dict.fromkeys(TEXTS, "") | {"groups": []}


@dataclass
class Expected:
    """What FMG must hold: contacts, names of groups and FMG ids known before, each by source id, and opt-outs; whom the store rejects."""

    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    opt_outs: set[str] = field(default_factory=set)
    rejected: dict[str, str] = field(default_factory=dict)


class Scenario:
    """One prepared world, and a fresh copy of its store and landing folder for every point."""

    def __init__(self, name: str, folder: Path, box: SandboxServer, server: ForkServer) -> None:
        self.name, self.folder, self.server = name, folder, server
        self.world = World(box.url, folder / "made", page_size=20)
        self.world.store.engine.dispose()
        self.watch = Watch(box.url, self.world.fmg)
        self.expected = Expected()
        self.killed: Task = {"act": "run", "name": "night"}
        """What is done and killed."""
        self.generation = 0
        self.quiet: tuple[str, ...] = ("success", "partial")
        """How a run ends that finds nothing to do afterwards."""
        self.hits: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        """How often the run that is killed passes each named point, and how often one thread of it at most makes each system call."""

    def task(self, folder: Path, *acts: Task) -> Task:
        """What the fork server is given."""
        return {"url": self.world.url, "folder": str(folder), "acts": list(acts)}

    def deliver(self, name: str) -> None:
        """One whole run on the prepared world."""
        told = self.server.warm(**self.task(self.world.folder, {"act": "run", "name": name}))
        assert not told["acts"][0]["error"], f"preparing {self.name}: {told}"

    def remember(self) -> None:
        """From here every point begins. Also learns from runs nobody kills: what FMG shows before and after, what there is to kill at."""
        self.world.control("POST", "/checkpoints")
        self.watch.learn(after=False)
        self.generation = self.world.fmg_account()["generation"]
        warmed = self.server.warm(**self.task(self.fresh("warm"), self.killed, QUIET))
        assert not any(done["error"] for done in warmed["acts"]), f"preparing {self.name}: {warmed}"
        assert warmed["acts"][0]["writes"] > 2, f"too small: {warmed}"
        self.watch.learn(after=True)
        counted = self.task(self.fresh("counted"), self.killed)
        self.calls, told = self.server.count(**counted)
        self.hits.update(told["hits"])

    @property
    def is_new(self) -> bool:
        """Whether FMG shows the list as it is after the run that is killed."""
        return bool(self.world.fmg_account()["generation"] > self.generation)

    def fresh(self, name: str) -> Path:
        """A copy of store and landing folder, and both systems as they were."""
        self.world.control("POST", "/checkpoints/1/restore")
        copy = self.folder / name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.world.folder, copy)
        return copy

    def expect(self, before: list[dict[str, Any]]) -> None:
        """Work out what FMG must hold: the oracle's list of the source, and what FMG held of records that are rejected now."""
        contacts, rejected = expected_contacts(self.world.source_contacts())
        groups = {group["id"]: group["Name"] for group in self.world.source_groups()}
        was = {one["source_id"]: one for one in before if one["source_id"]}
        for source_id in rejected.keys() & was.keys():
            kept = was[source_id]
            contacts[source_id] = {name: kept[name] for name in TEXTS} | {"groups": sorted(set(kept["groups"]) & groups.keys())}
        adopted = {one["email"].casefold(): one["contact_id"] for one in before if not one["source_id"] and one["email"]}
        ids = {source_id: adopted[held["email"].casefold()] for source_id, held in contacts.items() if held["email"].casefold() in adopted}
        ids |= {source_id: was[source_id]["contact_id"] for source_id in contacts.keys() & was.keys()}
        opt_outs = {one["email"] for one in self.world.opt_outs()}
        self.expected = Expected(contacts, groups, ids, opt_outs, rejected)


def replace(scenario: Scenario) -> None:
    """The first delivery: it replaces a list that FMG's people made by hand, and is approved."""
    world = scenario.world
    people = world.source_contacts()
    usable = [one for one in people if "@example.test" in one["PreferredEmail.Address"]]
    for one, fields in zip(people[5:], UNUSABLE, strict=False):
        world.source_contact(one["id"], **fields)
    world.source_contact(people[20]["id"], **{"PreferredEmail.Address": people[10]["PreferredEmail.Address"] or "two@example.test"})
    emails = ["only.here@example.test", usable[-1]["PreferredEmail.Address"], "", usable[-2]["PreferredEmail.Address"]]
    strangers = [STRANGER | {"first_name": "Sam", "last_name": f"Stranger {number}", "email": email} for number, email in enumerate(emails)]
    world.control("POST", f"/fmg/accounts/{world.fmg}/contacts", contacts=strangers)
    world.control("POST", f"/fmg/accounts/{world.fmg}/groups", name="Made by hand")
    for email in (emails[0], emails[1], usable[3]["PreferredEmail.Address"], "long.gone@example.test"):
        world.control("POST", f"/fmg/accounts/{world.fmg}/opt-outs", email=email)
    scenario.expect(world.contacts())


def delta(scenario: Scenario) -> None:
    """A second night: people changed, came, left and became unusable, a group went, another came, and FMG's list drifted."""
    replace(scenario)
    world, office = scenario.world, f"/smartoffice/offices/{scenario.world.office}"
    scenario.deliver("first night")
    people = [one for one in world.source_contacts() if one["id"] in scenario.expected.contacts]
    for number, one in enumerate(people[::6]):
        world.source_contact(one["id"], FirstName=f"Changed {number}")
    for one in people[1:4]:
        world.control("DELETE", f"{office}/contacts/{one['id']}")
    world.source_contact(people[8]["id"], LastName="")
    fresh = [{"LastName": f"Newcomer {number}", "PreferredEmail.Address": f"new.{number}@example.test"} for number in range(12)]
    world.control("POST", f"{office}/contacts", contacts=fresh)
    world.control("DELETE", f"{office}/groups/{world.source_groups()[2]['id']}")
    world.control("POST", f"{office}/groups", Name="New this year")
    drift = f"/fmg/accounts/{world.fmg}/contacts"
    world.control("PATCH", f"{drift}/{people[20]['id']}", city="Elsewhere")
    world.control("DELETE", f"{drift}/{people[22]['id']}")
    world.control("POST", drift, **STRANGER | {"last_name": "Stranger", "email": "by.hand@example.test"})
    world.control("POST", f"/fmg/accounts/{world.fmg}/opt-outs", email=people[25]["PreferredEmail.Address"] or "later@example.test")
    scenario.expect(world.contacts())


def undo(scenario: Scenario) -> None:
    """What the second night delivered is taken back: FMG holds again what it held before, drift and all."""
    delta(scenario)
    world, rejected = scenario.world, scenario.expected.rejected
    contacts, groups, opt_outs = world.contacts(), world.groups(), {one["email"] for one in world.opt_outs()}
    held = {one["source_id"]: {name: one[name] for name in TEXTS} | {"groups": sorted(one["groups"])} for one in contacts}
    ids = {one["source_id"]: one["contact_id"] for one in contacts}
    scenario.deliver("second night")
    scenario.expected = Expected(held, {one["source_id"]: one["name"] for one in groups}, ids, opt_outs, rejected)
    scenario.killed, scenario.quiet = {"act": "undo", "name": "undo"}, ("held",)


def small_undo(scenario: Scenario) -> None:
    """A night that changed five first names is taken back; no other rule than that of the undo would hold the night after."""
    scenario.deliver("first night")
    for one in scenario.world.source_contacts()[:5]:
        scenario.world.source_contact(one["id"], FirstName="Changed")
    scenario.deliver("second night")
    scenario.killed, scenario.quiet = {"act": "undo", "name": "undo"}, ("held",)


SCENARIOS: dict[str, Callable[[Scenario], None]] = {"replace": replace, "delta": delta, "undo": undo}


def prepare(name: str, folder: Path, box: SandboxServer, server: ForkServer) -> Scenario:
    """Make the world of a scenario."""
    scenario = Scenario(name, folder, box, server)
    SCENARIOS[name](scenario)
    scenario.remember()
    return scenario
