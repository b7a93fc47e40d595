"""One account of an integration: which connections, which records, how often."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

ACCOUNT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

DEFAULT_ZONE = "America/New_York"


@dataclass(frozen=True)
class AccountSettings:
    """One account. source, target: Airflow connection ids. scope: tag group names or ids, None for all records.

    frequency: one of the spec's; "manual" accounts are left alone by the schedule. zone: IANA name of the account's local time.
    safety: numbers of the integration's spec that this account tightens. options: the spec's settings, defaults filled in. system: the
    system `source` is a connection of.
    """

    name: str
    integration: str
    source: str
    target: str
    scope: tuple[str, ...] | None
    frequency: str
    safety: Mapping[str, Any] = field(default_factory=dict)
    zone: str = DEFAULT_ZONE
    options: Mapping[str, Any] = field(default_factory=dict)
    system: str = ""

    @property
    def digest(self) -> str:
        """Names the settings: it changes when any of them does."""
        scope = None if self.scope is None else sorted(self.scope)
        content = [self.name, self.integration, self.source, self.target, scope, self.frequency, dict(self.safety), self.zone, self.system]
        return sha256(json.dumps([*content, dict(self.options)], sort_keys=True).encode()).hexdigest()
