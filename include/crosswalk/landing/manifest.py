"""The manifest of a snapshot: what was landed, and the token that it is complete. No manifest, no data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from crosswalk.core.model import RunKey
from crosswalk.core.ports import TargetState
from crosswalk.landing.parquet import corrupt


@dataclass(frozen=True)
class FileEntry:
    """One landed file: its size in rows and bytes, and the SHA-256 of the bytes."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class EntityManifest:
    """One entity of one side. side: "source" or "target". total: records as the system counts them. fields_seen: those on every page."""

    side: str
    entity: str
    rows: int
    total: int
    pages: tuple[FileEntry, ...]
    fields_seen: frozenset[str] = frozenset()
    unknown_fields: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Manifest:
    """A complete snapshot. entities: by landed name ("source_contact"). scope: None is all. choices: picklists by source field."""

    key: RunKey
    taken_at: datetime
    scope: tuple[str, ...] | None
    entities: Mapping[str, EntityManifest]
    source_totals: Mapping[str, int]
    source_identity: str
    target_identity: str
    target_state: TargetState
    spec_digest: str
    crosswalk_version: str
    source_description: Mapping[str, str] = field(default_factory=dict)
    choices: dict[str, dict[str, str]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Write as JSON, with a digest of itself."""
        body = json.dumps(asdict(self), sort_keys=True, indent=1, default=_plain)
        digest = hashlib.sha256(body.encode()).hexdigest()
        return f'{{"sha256": "{digest}", "manifest":\n{body}}}\n'.encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read what `to_bytes` wrote. Raises DataError LANDING_CORRUPT."""
        head, _, rest = data.partition(b'", "manifest":\n')
        body = rest.removesuffix(b"}\n")
        if head != b'{"sha256": "' + hashlib.sha256(body).hexdigest().encode():
            raise corrupt("the manifest is not what was written")
        return _build(json.loads(body))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no place in a manifest")


def _build(values: dict[str, Any]) -> Manifest:
    return Manifest(
        **values
        | {
            "key": RunKey.from_dict(values["key"]),
            "taken_at": datetime.fromisoformat(values["taken_at"]),
            "scope": None if values["scope"] is None else tuple(values["scope"]),
            "entities": {name: _build_entity(entity) for name, entity in values["entities"].items()},
            "target_state": TargetState(**values["target_state"]),
        }
    )


def _build_entity(values: dict[str, Any]) -> EntityManifest:
    return EntityManifest(
        **values
        | {
            "pages": tuple(FileEntry(**page) for page in values["pages"]),
            "fields_seen": frozenset(values["fields_seen"]),
            "unknown_fields": frozenset(values["unknown_fields"]),
        }
    )
