"""What the tables of the store are made of: the metadata they belong to, and columns as all of them have."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, MetaData

from crosswalk.store.column_types import CleanText, JsonValue, UtcTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
    }
)


def account_columns() -> tuple[Column[str], Column[str]]:
    """Name the account a row belongs to; both are part of the key."""
    return (
        text("integration", "Full name of the integration, for example smartoffice_to_fmg.", primary_key=True),
        text("account", "Name of the account in include/accounts.", primary_key=True),
    )


def text(name: str, comment: str, *, primary_key: bool = False) -> Column[str]:
    """Make a column of text, "" for none."""
    return Column(name, CleanText, nullable=False, default="", primary_key=primary_key, comment=comment)


def number(name: str, comment: str, *, nullable: bool = False, primary_key: bool = False) -> Column[int]:
    """Make a column of whole numbers."""
    return Column(name, BigInteger, nullable=nullable, primary_key=primary_key, autoincrement=False, comment=comment)


def time(name: str, comment: str, *, nullable: bool = True) -> Column[Any]:
    """Make a column of instants in UTC."""
    return Column(name, UtcTime, nullable=nullable, comment=comment)


def json(name: str, kind: type[dict[str, Any]] | type[list[Any]], comment: str) -> Column[Any]:
    """Make a column of one JSON value, empty for none."""
    return Column(name, JsonValue, nullable=False, default=kind, comment=comment)
