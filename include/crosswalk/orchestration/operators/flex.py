"""Flex's part of the steps."""

from __future__ import annotations

from crosswalk.orchestration.operators.steps import LoadStep


class FlexLoadOperator(LoadStep):
    """Deliver to Flex, record by record, through the account's connection of type `flex`."""

    system = "flex"
