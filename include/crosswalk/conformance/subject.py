"""What a system declares in its `conformance.py`, as `SUBJECT`, so that the suite can put it to the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from crosswalk.conformance.local_server import Answer
from crosswalk.core.ports import Page

NAME, CANARY = "Zebulon", "canary@example.test"
"""A first name and an address that some of the stand-in's records hold, and that no error or log line may."""
FAST: dict[str, Any] = {"requests_per_second": 1000, "allow_private_network": True, "first_wait": 0.001}
"""Settings under which a client may call this machine and loses no time waiting."""


@dataclass(frozen=True)
class Subject:
    """One client, and a stand-in of its vendor to try it against.

    connection: the name of the connection, which every error tells. stand_in: makes the vendor, written from the system's README and not
    from its client; its records hold NAME and CANARY. pages: a whole read by a new client, given the address of the vendor. id_field: of
    each row. records and calls: how many rows such a read brings, and how many requests it sends. secrets: what the client signs in with.
    renewed: end of the path of a request whose words are new each time, as a token's are.
    """

    connection: str
    stand_in: Callable[[], Answer]
    pages: Callable[[str], Iterable[Page]]
    id_field: str
    records: int
    calls: int
    secrets: tuple[str, ...]
    renewed: str = "-"

    def read(self, url: str) -> list[str]:
        """Read everything and return the ids, in order."""
        return [row[self.id_field] for page in self.pages(url) for row in page.rows]
