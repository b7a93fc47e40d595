"""An FMO's book of any size: policies, members and agents that are made up the moment they are asked for, the same for the same seed.

Agents lie next to each other (agent 0 wrote the first policies, agent 1 the next …), so all of one agent are found without looking at
the others. The first agents have NPNs that are easily taken for one another. Nobody in it exists.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from crosswalk.sandbox.words import words

LOOK_ALIKES = ("4477123", "04477123", "44771230", "447712")
CARRIERS = ("harborlight", "lakeshore", "pinecrest")
STATUSES = ("active", "active", "active", "active", "pending", "terminated")
NO_EMAIL_EVERY = 4
SHARED_EVERY = 5
"""Every so many policies, the member is the person of the policy before: one person on two policies."""


@dataclass(frozen=True)
class Book:
    """A book; 0 policies is none."""

    policies: int = 0
    agents: int = 0
    seed: int = 7

    def count(self, name: str) -> int:
        """Records of an object."""
        return {"policies": self.policies, "members": self.policies, "agents_agencies": self.agents}.get(name, 0)

    def npn(self, agent: int) -> str:
        """The NPN of an agent."""
        return LOOK_ALIKES[agent] if agent < len(LOOK_ALIKES) else str(5_000_000 + self.seed * 10_000 + agent * 7)

    def values(self, name: str, number: int) -> dict[str, str]:
        """The values of a record by its number, from 0."""
        return {"policies": self._policy, "members": self._member, "agents_agencies": self._agent}[name](number)

    def of_npns_holding(self, name: str, text: str) -> list[range]:
        """Numbers of the records whose NPN contains a text."""
        found = [agent for agent in range(self.agents) if text in self.npn(agent)]
        if name == "agents_agencies":
            return [range(agent, agent + 1) for agent in found]
        return [range(self._starts[agent], self._starts[agent + 1]) for agent in found]

    @cached_property
    def _starts(self) -> list[int]:
        """The number of each agent's first policy, and one past the last: some wrote many times what others did."""
        weights = [1 + ((agent + 1) * 2_654_435_761 % 97) ** 2 % 31 for agent in range(self.agents)]
        total, so_far, starts = sum(weights), 0, [0]
        for weight in weights:
            so_far += weight
            starts.append(self.policies * so_far // total)
        return starts

    def _agent_of(self, policy: int) -> int:
        return bisect_right(self._starts, policy) - 1

    def _policy(self, number: int) -> dict[str, str]:
        carrier = CARRIERS[number % len(CARRIERS)]
        return {
            "sync_key": f"P-{self.seed}-{number}",
            "carrier": carrier,
            "policy_number": f"{carrier[0].upper()}{number:08d}",
            "plan_name": f"Plan {number % 12 + 1}",
            "plan_id": f"H{number % 40:04d}-{number % 9:03d}",
            "coverages": "",
            "status": STATUSES[number % len(STATUSES)],
            "effective_date": f"{2019 + number % 7}-{number % 12 + 1:02d}-01",
            "term_date": "",
            "premium": f"{number % 900}.00",
            "writing_agent_npn": self.npn(self._agent_of(number)),
        }

    def _member(self, number: int) -> dict[str, str]:
        agent = self._agent_of(number)
        shared = number % SHARED_EVERY == SHARED_EVERY - 1 and number > self._starts[agent]
        person = number - 1 if shared else number
        dice, table = random.Random(f"{self.seed} {person}"), words()  # noqa: S311 - repeatable on purpose, protects nothing
        city, first = dice.choice(table.cities), dice.choice(table.first)[0]
        return {
            "sync_key": f"M-{self.seed}-{number}",
            "policy": f"P-{self.seed}-{number}",
            "role": "subscriber",
            "first_name": first,
            "last_name": dice.choice(table.last),
            "birth_date": f"{dice.randint(1935, 1990)}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}",
            "email": "" if person % NO_EMAIL_EVERY == 0 else f"m{person}@example.test",
            "phone": f"{city.area_code}-555-01{person % 100:02d}",
            "address_1": f"{person % 980 + 1} {dice.choice(table.streets)}",
            "address_2": "",
            "city": city.name,
            "state": city.state,
            "zip": city.zip_code,
            "writing_agent_npn": self.npn(agent),
        }

    def _agent(self, number: int) -> dict[str, str]:
        table = words()
        name = f"{table.first[number % len(table.first)][0]} {table.last[number * 7 % len(table.last)]}"
        npn = self.npn(number)
        kind = "agency" if number % 10 == 9 else "agent"
        return {"sync_key": npn, "npn": npn, "agent_name": name, "kind": kind, "email": f"agent{number}@example.test"}
