"""The conformance suite, for every folder of systems/."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("crosswalk.conformance.checks")

from crosswalk.conformance.checks import SystemConformance  # noqa: E402 - its asserts are to be rewritten first


class TestConformance(SystemConformance):
    """Every promise of a client, for every system that is found."""
