"""eMoney's operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from crosswalk.orchestration.operators.link_prompt import Classes, OfferLinksOperator
from crosswalk.orchestration.operators.steps import LoadStep

OWNERSHIP = ("Client", "Spouse", "Joint", "Trust", "Other")
ASSETS = {
    "investment": ("Other", "Brokerage", "Retirement", "Education", "Cash", "Annuity"),
    "policy": ("Other", "Term Life", "Permanent Life", "Disability", "Long-Term Care", "Annuity"),
}
"""The classes eMoney knows for a link, the form's default first (README.md, Connections)."""


class EmoneyLoadOperator(LoadStep):
    """Deliver to eMoney through the account's connection of type `emoney`."""

    system = "emoney"


class EmoneyOfferLinksOperator(OfferLinksOperator):
    """Ask which accounts and policies of some clients are to be linked, and as what."""

    system = "emoney"
    classes: ClassVar[Mapping[str, Classes]] = {entity: {"assetType": types, "ownership": OWNERSHIP} for entity, types in ASSETS.items()}
