"""Flex's operator."""

from __future__ import annotations

from crosswalk.orchestration.operators.steps import LoadStep


class FlexLoadOperator(LoadStep):
    """Deliver to Flex, one record at a time, through the account's connection of type `flex`."""

    system = "flex"
