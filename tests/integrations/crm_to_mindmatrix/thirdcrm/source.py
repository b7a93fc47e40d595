"""A CRM that is a JSON file: rows of contacts, and the labels of their companies' kinds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crosswalk.core.ports import Page


class ThirdCrmSource:
    """Implements features.eligibility.ports.LabelledSource."""

    def __init__(self, path: str) -> None:
        self.path = path

    def _read(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(Path(self.path).read_text(encoding="utf-8"))
        return loaded

    def identity(self) -> str:
        return f"thirdcrm://{Path(self.path).name}"

    def describe(self) -> dict[str, str]:
        return {"system": "thirdcrm", "file": Path(self.path).name}

    def require_right(self, right: str) -> None:
        """Whoever can read the file may."""

    def totals(self) -> dict[str, int]:
        return {"contact": len(self._read()["contacts"])}

    def choices(self, field: str) -> dict[str, str]:
        return {"firm.kind": self._read()["kinds"]}[field]

    def pages(self, entity: str, scope: Sequence[str] | None) -> Iterator[Page]:
        rows = self._read()["contacts"]
        yield Page(rows, len(rows), frozenset(rows[0]) - {"source_id"})
