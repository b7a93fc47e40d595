"""Our store and our landing zone behind Airflow connections, and the way from an account's connection id to its hook."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote
from uuid import uuid4

from airflow.sdk import BaseHook

from crosswalk.core.spec.model import BUSINESS
from crosswalk.errors import ConfigurationError, CrosswalkError, DataError, Problem
from crosswalk.orchestration.connections import read_connection, read_extra
from crosswalk.orchestration.provider import provider_info

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from crosswalk.core.accounts import AccountSettings
    from crosswalk.core.ports import Source, Target
    from crosswalk.features.writeback.ports import ActivityFeed, Notebook
    from crosswalk.landing.zone import LandingZone
    from crosswalk.store.store import Store

STORE_CONNECTION = "crosswalk_store"
LANDING_CONNECTION = "crosswalk_landing"


class SystemHook(Protocol):
    """What the steps need of a system's hook; a system has a source, a target or both, a target may have a feed, a source a notebook."""

    def get_source(self) -> Source: ...

    def get_target(self) -> Target: ...

    def get_feed(self) -> ActivityFeed: ...

    def get_notebook(self) -> Notebook: ...

    def test_connection(self) -> tuple[bool, str]: ...


class StoreHook(BaseHook):
    """Crosswalk's own database."""

    conn_name_attr = "conn_id"
    default_conn_name = STORE_CONNECTION
    conn_type = "crosswalk_store"
    hook_name = "Crosswalk store"

    def __init__(self, conn_id: str = STORE_CONNECTION) -> None:
        super().__init__()
        self.conn_id = conn_id

    def url(self) -> str:
        """Return the database's SQLAlchemy address. Raises ConfigurationError CONN_HOST, CONN_EXTRA."""
        connection = read_connection(self.conn_id)
        extra, problems = read_extra(connection)
        if not extra.get("sqlite_path") and not connection.host:
            place = f"connection {self.conn_id}, Host"
            problems.append(Problem("CONN_HOST", place, "it is blank", "name the PostgreSQL server, or a SQLite file"))
        if problems:
            raise ConfigurationError.from_problems(f"checking connection {self.conn_id}", problems)
        if extra.get("sqlite_path"):
            return f"sqlite:///{extra['sqlite_path']}"
        login = quote(connection.login or "", safe="") + ":" + quote(connection.password or "", safe="")
        return f"postgresql+psycopg://{login}@{connection.host}:{connection.port or 5432}/{connection.schema or 'crosswalk'}"

    def engine(self) -> Engine:
        """Connect to the database, migrated or not."""
        from crosswalk.store.engine import connect

        return connect(self.url())

    def store(self) -> Store:
        """Open the store. Raises ConfigurationError STORE_NOT_MIGRATED."""
        from crosswalk.store.migrate import require_current
        from crosswalk.store.store import Store

        engine = self.engine()
        require_current(engine)
        return Store(engine)

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the database can be reached and is at the version this code needs."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            self.store()
        except CrosswalkError as error:
            return False, str(error)
        except SQLAlchemyError as error:
            return False, f"the database cannot be reached ({type(error).__name__})"
        return True, "The store is reachable and at the current version."


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
        return LandingZone.open(extra["url"], s3_client=s3_client(extra))

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
                "LANDING_CORRUPT",
                operation="testing the landing zone",
                problem="the probe came back changed",
                next_step="check the disk or bucket of the landing zone",
            )
    finally:
        zone.storage.remove((name,))


def s3_client(extra: dict[str, Any]) -> Any:
    """Connect to S3 by the connection `aws_conn_id`; None where `url` is no s3:// place."""
    if not extra["url"].startswith("s3://"):
        return None
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    return S3Hook(aws_conn_id=extra.get("aws_conn_id")).get_conn()


def store_engine() -> Engine:
    """Connect to the database behind `crosswalk_store`, migrated or not."""
    return StoreHook().engine()


def open_store() -> Store:
    """Open the store behind `crosswalk_store`."""
    return StoreHook().store()


def open_landing() -> LandingZone:
    """Open the landing zone behind `crosswalk_landing`."""
    return LandingHook().zone()


def source_hook(system: str, account: AccountSettings) -> SystemHook:
    """Return the hook of an account's source, which is of that system."""
    return hook_for(system, account.source, account.options.get(BUSINESS))


def target_hook(system: str, account: AccountSettings) -> SystemHook:
    """Return the hook of an account's target, which is of that system."""
    return hook_for(system, account.target, account.options.get(BUSINESS))


def hook_for(system: str, conn_id: str, business: str | None = None) -> SystemHook:
    """Return the hook of a system, as the provider info names it.

    business: where an integration keeps tenants apart, the one the account is for; the connection is then the key to many.
    """
    types = {one["connection-type"]: one["hook-class-name"] for one in provider_info()["connection-types"]}
    module, _, name = types[system].rpartition(".")
    made = getattr(import_module(module), name)
    hook: SystemHook = made(conn_id) if business is None else made(conn_id, business)
    return hook
