"""Random FMOs: all that another agent's record says carries a canary, and everything is done to have it taken for B's."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from fmo_world import FmoWorld

B = "4477123"
OTHERS = (
    *("04477123", "004477123", "44771230", "447712", "477123", "4477124", "5512345", "4477123.0", "4.477123E+06", "4477123E0"),
    *("447 7123", "4477 123", "4477123 5512345", "5512345 4477123", "4477123,5512345", "4477123/5512345", "4477123;4477123"),
    *("4477123-", "-4477123", "+4477123", "4,477,123", "'4477123", "=4477123", "NPN 4477123", "N4477123", "4477123x", "#4477123"),
    *("\uff14\uff14\uff17\uff17\uff11\uff12\uff13", "\u0664477123", "4477123\u200b", "\ufeff4477123", "44771230000", "*", "%", "4477%", ""),
)
"""NPNs that are not B's, however much they look like it."""
SAME = (B, B, B, f" {B}", f"{B} ", f"{B}\t")
"""B's NPN as received; blanks around it do not count."""
OURS, THEIRS = "qzbmine", "qzaleak"
"""What a value of B's, and of anybody else's, begins with."""


@dataclass
class Dice:
    """What one random FMO is made with; the same seed makes the same one."""

    seed: int
    roll: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.roll = random.Random(self.seed)

    def values(self, mark: str, number: object) -> dict[str, str]:
        """Values of a member that all carry a mark, or a person B's members are, too."""
        words = {name: f"{mark}{name.replace('_', '')}{number}" for name in ("first_name", "last_name", "address_1", "address_2", "city")}
        words |= {"email": f"{mark}{number}@example.test", "phone": f"{mark}{number}", "state": f"{mark}st", "zip": f"{mark}z"}
        if self.roll.random() < 0.3:  # the same person on a policy of each: name and birth date are no secret between them
            words |= {"first_name": "Shared", "last_name": "Person", "email": self.roll.choice(["", "shared@example.test"])}
        if self.roll.random() < 0.2:
            words |= {"email": ""}
        return {**words, "birth_date": self.roll.choice(["", "1951-04-09"]), "role": self.roll.choice(["subscriber", "spouse"])}


def fill(world: FmoWorld, seed: int) -> set[str]:
    """Fill the FMO's business; returns the `sync_key`s of the policies that are B's."""
    dice, mine = Dice(seed), set()
    for number in range(dice.roll.randint(2, 12)):
        ours = number == 0 or dice.roll.random() < 0.35
        npn, mark = (dice.roll.choice(SAME), OURS) if ours else (dice.roll.choice(OTHERS), THEIRS)
        key = number if ours else f"{THEIRS}{number}"
        about = {"plan_name": f"{mark}plan{number}", "plan_id": f"{mark}id", "status": f"{mark}st", "premium": f"{mark}9"}
        # B earns on it, is paid for it or looks after it now, as far as a record can say so
        about |= {"coverages": dice.roll.choice(["", f"{mark} earner {B}", f"{mark} payee {B}", f"{mark} agent of record {B}"])}
        world.policy(key, npn, **{**about, "carrier": f"{mark}c", "policy_number": f"{mark}{number}"})
        mine |= {f"P-{key}"} if ours else set()
        for place in range(dice.roll.randint(0, 3)):
            _member(world, dice, f"{key}-{place}", key, npn, mark)
    return mine


def _member(world: FmoWorld, dice: Dice, number: str, policy: object, npn: str, mark: str) -> None:
    """A member may say that somebody else wrote its policy: then it is nobody's, whatever its policy says."""
    lying = dice.roll.random() < 0.15
    claimed = (dice.roll.choice(OTHERS) if mark == OURS else B) if lying else npn
    mark = THEIRS if lying else mark
    key = f"{THEIRS}-{number}" if mark == THEIRS else number
    values = dice.values(mark, number)
    world.member(key, policy, claimed, values.pop("first_name"), **values)


def hand_over(world: FmoWorld, seed: int) -> None:
    """Make some of B's policies another agent's, with their members: what is said of them from now on is not for B."""
    dice = Dice(seed)
    policies, members = world.fmo.shelf("policies"), world.fmo.shelf("members")
    for one in policies.made_ids():
        values = policies.values(one) or {}
        if THEIRS not in str(values) and dice.roll.random() < 0.5:
            npn = dice.roll.choice(OTHERS)
            policies.keep(one, {**values, "writing_agent_npn": npn, "plan_name": f"{THEIRS} now", "status": f"{THEIRS} now"})
            for other in members.made_ids():
                member = members.values(other) or {}
                if member["policy"] == values["sync_key"]:
                    members.keep(other, {**member, "writing_agent_npn": npn, "city": f"{THEIRS} now", "email": f"{THEIRS}@example.test"})
