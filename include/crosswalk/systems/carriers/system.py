"""Carrier files: the place carriers drop them in is a source."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from crosswalk.systems.carriers.bucket import DropBucket
from crosswalk.systems.carriers.client import DropFolder
from crosswalk.systems.carriers.source import CarriersSource
from crosswalk.wire.connection import ConnectionSettings


def source(settings: ConnectionSettings, s3_client: Any = None) -> CarriersSource:
    """Open the place as a source. s3_client: boto3's, for an s3:// place."""
    place = urlsplit(settings["url"])
    drop = DropFolder(Path(unquote(place.path))) if place.scheme == "file" else DropBucket(s3_client, place.netloc, place.path)
    return CarriersSource(drop, settle_seconds=float(settings["settle_seconds"]))
