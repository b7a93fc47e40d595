"""Crosswalk's landing zone behind an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from airflow.sdk import BaseHook

from crosswalk.errors import ConfigurationError, CrosswalkError, DataError, Problem
from crosswalk.orchestration.connections import read_connection, read_extra
from crosswalk.orchestration.hooks.s3 import s3_client

if TYPE_CHECKING:
    from crosswalk.landing.zone import LandingZone

LANDING_CONNECTION = "crosswalk_landing"


class LandingHook(BaseHook):
    """The folder or bucket where snapshots and reports are kept."""

    conn_name_attr = "conn_id"
    default_conn_name = LANDING_CONNECTION
    conn_type = "crosswalk_landing"
    hook_name = "Crosswalk landing zone"

    def __init__(self, conn_id: str = LANDING_CONNECTION) -> None:
        super().__init__()
        self.conn_id = conn_id

    def zone(self) -> LandingZone:
        """Open the landing zone. Raises ConfigurationError."""
        from crosswalk.landing.zone import LandingZone

        connection = read_connection(self.conn_id)
        extra, problems = read_extra(connection)
        if not extra.get("url"):
            place = f"connection {self.conn_id}, url"
            problems.append(Problem("CONN_EXTRA", place, "it is blank", "use file:///path or s3://bucket/prefix"))
        if problems:
            raise ConfigurationError.from_problems(f"checking connection {self.conn_id}", problems)
        return LandingZone.open(extra["url"], s3_client=s3_client(extra["url"], extra.get("aws_conn_id")))

    def test_connection(self) -> tuple[bool, str]:
        """Write a probe, read it back and remove it."""
        try:
            _probe(self.zone())
        except CrosswalkError as error:
            return False, str(error)
        return True, "A probe was written, read back and removed."


def _probe(zone: LandingZone) -> None:
    name = f"probe-{uuid4().hex}"
    zone.storage.replace((name,), name.encode())
    try:
        if zone.storage.read((name,)) != name.encode():
            raise DataError(
                "LANDING_CORRUPT", operation="testing the landing zone", problem="the probe came back changed", next_step="check its disk"
            )
    finally:
        zone.storage.remove((name,))
