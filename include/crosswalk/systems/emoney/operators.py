"""eMoney's part of the steps."""

from __future__ import annotations

from crosswalk.orchestration.steps import LoadStep


class EmoneyLoadOperator(LoadStep):
    """Deliver to eMoney through the account's connection of type `emoney`."""

    system = "emoney"
