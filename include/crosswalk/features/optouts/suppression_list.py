"""By what somebody who wants no mail is known again: the person's ids in source and target, and a hash of the address. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from crosswalk.core.converters import email_key


@dataclass(frozen=True)
class SuppressionList:
    """Everybody of one account who ever opted out. keys: as `keys_of` makes them."""

    integration: str
    account: str
    keys: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.keys)

    def keys_of(self, *, source_id: str = "", target_id: str = "", email: str = "") -> Iterator[str]:
        """Give the keys of a person; what is blank has none."""
        if source_id:
            yield f"source:{source_id}"
        if target_id:
            yield f"target:{target_id}"
        if address := email_key(email):
            text = f"{self.integration}/{self.account}\n{address}"
            yield "email:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def holds(self, *, source_id: str = "", target_id: str = "", email: str = "") -> bool:
        """Tell whether this person, or whoever has this address, opted out."""
        return bool(self.keys) and not self.keys.isdisjoint(self.keys_of(source_id=source_id, target_id=target_id, email=email))

    def among(self, keys: Iterable[str]) -> SuppressionList:
        """The same account with these keys."""
        return SuppressionList(self.integration, self.account, frozenset(keys))
