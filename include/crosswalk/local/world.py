"""The demo's world: four offices and four FMG accounts in the sandbox, and the Airflow connections that lead to them.

The sandbox keeps its records in its process, so it is left running between demos: what was delivered stays delivered. When it is
gone, store, landing zone and Airflow's database go with it, and the world begins afresh.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import requests

from crosswalk.local.control import USER, call, failed
from crosswalk.local.crms import customer_connections, open_customers
from crosswalk.local.environment import Place, free_port, kept_secrets
from crosswalk.local.firms import FIRMS, Firm, firm_connections, open_firms
from crosswalk.local.processes import Child, recall, remember, spawn, stop

START_SECONDS = 60


@dataclass(frozen=True)
class Office:
    """One SmartOffice office, its FMG account, and how the demo expects its first run to end.

    foreign: contacts the FMG account holds that no import put there. ends: "delivered", "held" or an error code.
    """

    account: str
    site: int
    contacts: int
    groups: int
    foreign: int
    ends: str

    @property
    def office(self) -> str:
        return self.account.upper()

    @property
    def fmg_account(self) -> str:
        return f"FMG-{2000 + self.site}"


OFFICES = (
    Office("summit", 1, 30_000, 1_000, 0, "delivered"),
    Office("harbor", 2, 3_000, 40, 0, "delivered"),
    Office("lakeside", 3, 800, 20, 37, "held"),
    Office("prairie", 4, 30_001, 50, 0, "LIMIT_CONTACTS"),
)


@dataclass(frozen=True)
class World:
    """A running sandbox with the demo's offices. fresh: it was made just now."""

    url: str
    offices: tuple[Office, ...]
    children: tuple[Child, ...]
    fresh: bool
    firms: tuple[Firm, ...] = ()

    def writes(self) -> dict[str, int]:
        """Write requests each FMG account and each eMoney firm was sent so far."""
        counters = call("GET", f"{self.url}/_sandbox/requests?system=fmg")["counters"]["fmg"]["by_owner"]
        written = {office.account: int(counters.get(office.fmg_account, {}).get("writes", 0)) for office in self.offices}
        of_firms = call("GET", f"{self.url}/_sandbox/requests?system=emoney")["counters"]["emoney"]["by_owner"]
        return written | {firm.account: int(of_firms.get(firm.firm, {}).get("writes", 0)) for firm in self.firms}


def prepare(place: Place, offices: tuple[Office, ...] = OFFICES, firms: tuple[Firm, ...] = FIRMS) -> World:
    """Find the running sandbox, or clear everything and make the world anew."""
    world = find(place, offices, firms)
    if world:
        return world
    clear(place)
    port = free_port()
    command = [sys.executable, "-m", "crosswalk.sandbox", "--port", str(port), "--contacts", "200", "--groups", "10"]
    child = spawn("sandbox", command, place.logs / "sandbox.log", _plain_environment())
    world = World(f"http://127.0.0.1:{port}", offices, (child,), fresh=True, firms=firms)
    with ExitStack() as undo:
        undo.callback(stop, world.children)
        _wait(world)
        for office in offices:
            _open(world, office, kept_secrets(place))
        open_firms(place, world.url, firms)
        open_customers(world.url, _of_customers(place), call)
        undo.pop_all()
    remember(place.local / "sandbox.json", world.children, url=world.url)
    return world


def find(place: Place, offices: tuple[Office, ...] = OFFICES, firms: tuple[Firm, ...] = FIRMS) -> World | None:
    """Return the world an earlier command left running, if it still is."""
    children, facts = recall(place.local / "sandbox.json")
    if children and all(child.alive for child in children):
        return World(str(facts["url"]), offices, tuple(children), fresh=False, firms=firms)
    return None


def clear(place: Place) -> None:
    """Remove what belongs to a world that is gone: store, landing zone, Airflow's database and its logs."""
    for folder in (place.store.parent, place.landing, place.airflow_home, place.local / "demo"):
        shutil.rmtree(folder, ignore_errors=True)


def connections(place: Place, world: World) -> dict[str, dict[str, Any]]:
    """Build the Airflow connections: store, landing zone, and a source and a target for each account."""
    secret, host, port = kept_secrets(place), "127.0.0.1", int(world.url.rpartition(":")[2])
    server = {"host": host, "port": port, "schema": "http"}
    made: dict[str, dict[str, Any]] = {
        "crosswalk_store": {"conn_type": "crosswalk_store", "extra": {"sqlite_path": str(place.store)}},
        "crosswalk_landing": {"conn_type": "crosswalk_landing", "extra": {"url": place.landing.as_uri()}},
    }
    for office in world.offices:
        extra: dict[str, object] = {"office": office.office, "allow_private_network": True}
        login = {"login": USER, "password": secret["smartoffice"]}
        made[f"smartoffice_{office.account}"] = {"conn_type": "smartoffice", **server, **login, "extra": extra}
        extra = {"account": office.fmg_account, "path": "/fmg", "allow_private_network": True}
        made[f"fmg_{office.account}"] = {"conn_type": "fmg", **server, "password": secret["fmg"], "extra": extra}
    return made | firm_connections(place, world.url, world.firms) | customer_connections(server, _of_customers(place))


def _of_customers(place: Place) -> dict[str, str]:
    """The local stack has one secret for what is read and one for what is written."""
    secret = kept_secrets(place)
    return {"crm": secret["smartoffice"], "mindmatrix": secret["fmg"]}


def _open(world: World, office: Office, secret: dict[str, str]) -> None:
    numbers = {"contacts": office.contacts, "groups": office.groups, "site": office.site, "seed": office.site}
    login = {"user": USER, "password": secret["smartoffice"], "rights": ["FMG"]}
    call("POST", f"{world.url}/_sandbox/smartoffice/offices", {"office": office.office, **numbers, **login})
    account = {"account": office.fmg_account, "name": office.account.title(), "api_key": secret["fmg"]}
    contacts = [_foreigner(number) for number in range(1, office.foreign + 1)]
    call("POST", f"{world.url}/_sandbox/fmg/accounts", {**account, "contacts": contacts})


def _foreigner(number: int) -> dict[str, str]:
    """A contact somebody typed into FMG by hand."""
    return {"first_name": "Walk-in", "last_name": f"Visitor {number}", "email": f"visitor{number}@walk-in.example", "city": "Salem"}


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}


def _wait(world: World) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and all(child.alive for child in world.children):
        try:
            requests.get(f"{world.url}/_sandbox/", timeout=5)
        except requests.RequestException:
            time.sleep(0.2)
        else:
            return
    raise failed("it did not answer")
