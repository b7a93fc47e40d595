"""A source and nothing else: no hook, no operator, no Airflow."""

from __future__ import annotations

from crosswalk.systems.thirdcrm.source import ThirdCrmSource

from crosswalk.wire.connection import ConnectionSettings


def source(settings: ConnectionSettings) -> ThirdCrmSource:
    return ThirdCrmSource(settings["file"])
