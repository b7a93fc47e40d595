"""Carriers send files and answer no calls, so the suite has nothing to ask them; tests/systems/carriers holds their promises."""

from __future__ import annotations

from crosswalk.conformance.subject import Subject

SUBJECT: Subject | None = None
