"""What became of a file that arrived: one line of the inbound file log and of the report. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from crosswalk.core.model import Hold


@dataclass(frozen=True)
class ArrivedFile:
    """One line of the execution log; names, codes and counts only, never a record's value.

    name: fit to be shown. said: why, of a refused one. digest: sha256 of the content, "" when it could not be read. business_date: ISO, ""
    for none. superseded: rows that gave way to another row about the same member. rejected: rows by code. without_agent: policies that
    go to nobody. dropped_columns: what the carrier sent and no table declares. holds: what a person has to look at.
    """

    carrier: str
    name: str
    outcome: str
    code: str = ""
    said: str = ""
    digest: str = ""
    business_date: str = ""
    rows: int = 0
    policies: int = 0
    members: int = 0
    agents: int = 0
    superseded: int = 0
    without_email: int = 0
    without_agent: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    dropped_columns: tuple[str, ...] = ()
    by_agent: Mapping[str, int] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()

    @property
    def rejected_rows(self) -> int:
        return sum(self.rejected.values())

    @property
    def accepted_rows(self) -> int:
        return self.rows - self.rejected_rows

    @property
    def refusal(self) -> tuple[str, ...]:
        """Name a refusal. A content is refused once, whatever is found first the next time; what has none, for each reason once."""
        return refusal_of(self.carrier, self.name, self.digest, self.code, self.said)

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ArrivedFile:
        """Read what `as_dict` gave."""
        holds = tuple(Hold(**hold) for hold in value["holds"])
        return cls(**{**value, "dropped_columns": tuple(value["dropped_columns"]), "holds": holds})


def refusal_of(carrier: str, name: str, digest: str, code: str, said: str) -> tuple[str, ...]:
    """Name a refusal as `ArrivedFile.refusal`."""
    return (carrier, name, digest) if digest else (carrier, name, code, said)
