"""From an Airflow connection of type carriers to the place carriers drop files in. No work in the constructor, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from airflow.sdk import BaseHook

from crosswalk.errors import ConfigurationError, CrosswalkError, Problem
from crosswalk.orchestration.connections import read_connection, read_extra
from crosswalk.orchestration.resources import s3_client

if TYPE_CHECKING:
    from crosswalk.systems.carriers.client import Drop
    from crosswalk.systems.carriers.source import CarriersSource


class CarriersHook(BaseHook):
    """One drop place of carrier files."""

    conn_name_attr = "conn_id"
    default_conn_name = "carriers_default"
    conn_type = "carriers"
    hook_name = "Carrier files"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def get_source(self) -> CarriersSource:
        """Open the place as a source. Raises ConfigurationError with every problem found."""
        from crosswalk.systems.carriers.source import CarriersSource

        extra = self._extra()
        return CarriersSource(_drop(extra), settle_seconds=float(extra.get("settle_seconds", 30)))

    def test_connection(self) -> tuple[bool, str]:
        """List the place: which folders are carriers, and how many files lie in each. Nothing is opened."""
        from crosswalk.systems.carriers.carrier import carrier_names

        try:
            drop = _drop(self._extra())
            folders, known = drop.carriers(), set(carrier_names())
            said = [f"{name}: {len(drop.entries(name))} file(s)" for name in folders if name in known]
        except CrosswalkError as error:
            return False, str(error)
        unknown = len(set(folders) - known)
        said = said or ["no folder of a carrier yet"]
        return True, f"Reached. {'; '.join([*said, *([f'{unknown} folder(s) of no carrier'] if unknown else [])])}."

    def _extra(self) -> dict[str, Any]:
        connection = read_connection(self.conn_id)
        extra, problems = read_extra(connection)
        parts, place = urlsplit(str(extra.get("url", ""))), f"connection {self.conn_id}, url"
        if parts.scheme not in ("file", "s3") or (parts.scheme == "file" and (parts.netloc or len(parts.path) < 2)):
            problems.append(Problem("CONN_EXTRA", place, "it is blank or no such place", "use file:///path or s3://bucket/prefix"))
        if problems:
            raise ConfigurationError.from_problems(f"checking connection {self.conn_id}", problems)
        return extra


def _drop(extra: dict[str, Any]) -> Drop:
    from pathlib import Path

    from crosswalk.systems.carriers.bucket import DropBucket
    from crosswalk.systems.carriers.client import DropFolder

    parts = urlsplit(extra["url"])
    if parts.scheme == "file":
        return DropFolder(Path(unquote(parts.path)))
    return DropBucket(s3_client(extra), parts.netloc, parts.path)
