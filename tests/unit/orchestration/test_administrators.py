"""Only those named may ask, whoever Airflow says asked is asked about, and the audit chain knows either way."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from crosswalk.errors import AuthRefused
from crosswalk.orchestration.administrator_check import admit
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    engine = connect(f"sqlite:///{tmp_path / 'store.db'}")
    migrate(engine)
    return Store(engine)


def ask(store: Store, user: str | None, administrators: list[str]) -> str:
    context: Any = {"dag_run": SimpleNamespace(triggering_user_name=user, dag_id="fmo_policy_provisioning", run_id="manual__1")}
    return admit(context, store, administrators, integration="fmo_to_agent_crm", account="quill", action="provisioning a business")


def events(store: Store) -> list[tuple[str, str]]:
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT event, actor FROM audit ORDER BY position"))]


@pytest.mark.requirement("ACRM-09")
def test_an_administrator_is_admitted_and_recorded(store: Store) -> None:
    assert ask(store, "ann", ["ann", "bob"]) == "ann"
    assert events(store) == [("administrator_admitted", "ann")]
    assert store.audit.verify() == []


@pytest.mark.requirement("ACRM-09")
@pytest.mark.parametrize(
    ("user", "administrators"),
    [("eve", ["ann"]), (None, ["ann"]), ("", [""]), ("Ann", ["ann"]), (" ann", [" ann"]), ("ann", []), ("an", ["ann"])],
)
def test_anybody_else_is_refused_and_recorded(store: Store, user: str | None, administrators: list[str]) -> None:
    with pytest.raises(AuthRefused, match="ROLE_MISSING"):
        ask(store, user, administrators)
    assert events(store) == [("administrator_refused", user or "nobody")]
