"""What an account lets a reviewer choose: resource types, and where a record of the target is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from crosswalk.console.configured import accounts_of
from crosswalk.core.spec.model import IntegrationSpec


@dataclass(frozen=True)
class Offer:
    """resource_types: the default first. record_address: with `{id}`, "" when the account names none."""

    resource_types: tuple[str, ...]
    record_address: str

    def address(self, target_id: str) -> str:
        """Where a record of the target is looked at; "" when that is not known."""
        return self.record_address.replace("{id}", quote(target_id, safe=""))


def offer(spec: IntegrationSpec, account: str) -> Offer:
    """Read what an account offers; the integration's defaults for one that is in no accounts file any more."""
    settings = accounts_of(spec.name).accounts.get(account)
    options: dict[str, Any] = {name: schema.get("default") for name, schema in spec.settings.items()}
    options |= settings.options if settings else {}
    usual = str(options["default_resource_type"])
    return Offer(tuple(dict.fromkeys([usual, *options["resource_types"]])), str(options["record_address"]))
