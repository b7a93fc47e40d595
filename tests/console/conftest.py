"""The console as Airflow mounts it: Airflow's own API server in this process, with its login, its permissions and our plugin."""

from __future__ import annotations

# isort: off
from console.airflow_server import FastAPI, SimpleAuthManagerUser, TestClient, create_app

# isort: on
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.rooms import Rooms, SignIn, accounts_file, connections
from world import World, world


@pytest.fixture(scope="session")
def airflow() -> FastAPI:
    """Airflow's API server over an empty database that knows our DAGs."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.utils.db import initdb

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        initdb()
        DagBundlesManager().sync_bundles_to_db()
        sync_bag_to_db(DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]), "dags-folder", None)
        return create_app(apps="core")


@pytest.fixture
def sign_in(airflow: FastAPI) -> Iterator[SignIn]:
    """Open a browser with the session of a user of this role, "" for nobody; redirects are not followed."""
    clients: list[TestClient] = []

    def sign_in(role: str | None, name: str = "somebody") -> TestClient:
        client = TestClient(airflow, base_url="http://127.0.0.1", follow_redirects=False)
        clients.append(client)
        if role != "":
            client.cookies["_token"] = airflow.state.auth_manager.generate_jwt(SimpleAuthManagerUser(username=name, role=role))
        return client

    yield sign_in
    for client in clients:
        client.close()


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rooms:
    """Empty rooms with the accounts summit and harbor."""
    rooms = Rooms(tmp_path)
    accounts_file(tmp_path, "summit", "harbor")
    for name, value in rooms.environment().items():
        monkeypatch.setenv(name, value)
    return rooms


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Three nights of the account summit: a first delivery with rejected records, a change, and a held one that would remove much.

    harbor has no run yet.
    """
    folder = tmp_path_factory.mktemp("nights")
    with pytest.MonkeyPatch.context() as patch, world(folder / "world", contacts=60, groups=4) as made:
        accounts_file(folder, "summit", "harbor")
        for name, value in connections(made.folder / "store.db", made.folder / "landing", folder).items():
            patch.setenv(name, value)
        for number in (1, 2, 3):
            person = {"id": f"Contact.7.9000{number}", "FirstName": "Nolan", "LastName": "", "TagGroups": []}
            made.control("POST", f"/smartoffice/offices/{made.office}/contacts", **person)
        made.run("night 1")
        known = sorted(made.seen())
        made.source_contact(known[0], FirstName="Changed")
        made.run("night 2")
        for contact in known[1:21]:
            made.control("DELETE", f"/smartoffice/offices/{made.office}/contacts/{contact}")
        made.run("night 3")
        yield made
