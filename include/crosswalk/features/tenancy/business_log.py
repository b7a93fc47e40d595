"""Businesses administrators had provisioned, as accounts of their integration."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, Engine, select

from crosswalk.features.tenancy.businesses import Business
from crosswalk.store.database import reading, writing
from crosswalk.store.tables import business
from crosswalk.store.upsert import upsert


class BusinessLog:
    """The businesses of every integration."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self, integration: str) -> list[Business]:
        """Read every business of an integration, by account."""
        query = select(business).where(business.c.integration == integration).order_by(business.c.account)
        with reading(self._engine, f"reading the businesses of {integration}") as connection:
            return [_business(dict(row._mapping)) for row in connection.execute(query)]

    def find(self, integration: str, account: str) -> Business | None:
        """Read one business; None when nobody asked for it yet."""
        with reading(self._engine, f"reading the business of {integration}/{account}") as connection:
            return _one(connection, integration, account)

    def keep(self, wanted: Business) -> Business:
        """Keep a business as it is now; who asked first, and when, stays. NPNs are only ever added once it is made."""
        with writing(self._engine, f"keeping the business of {wanted.integration}/{wanted.account}") as connection:
            found = _one(connection, wanted.integration, wanted.account)
            if found is not None:
                npns = (*found.npns, *wanted.npns) if found.business_id else wanted.npns
                wanted = replace(wanted, npns=tuple(dict.fromkeys(npns)), made_by=found.made_by, made_at=found.made_at)
            upsert(connection, business, [{**vars(wanted), "npns": list(wanted.npns)}])
        return wanted


def _one(connection: Connection, integration: str, account: str) -> Business | None:
    query = select(business).where(business.c.integration == integration, business.c.account == account).with_for_update()
    row = connection.execute(query).one_or_none()
    return None if row is None else _business(dict(row._mapping))


def _business(row: dict[str, object]) -> Business:
    return Business(**{**row, "npns": tuple(row["npns"])})  # type: ignore[arg-type]
