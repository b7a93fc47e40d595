"""Autotask as a task."""

from __future__ import annotations

from crosswalk.orchestration.steps import ExtractStep


class AutotaskExtractOperator(ExtractStep):
    """Read a database's contacts with their companies, and what the target holds, into the landing zone."""

    system = "autotask"
