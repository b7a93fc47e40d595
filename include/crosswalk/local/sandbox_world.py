"""The local world: a sandbox with the customers of every scenario, and the Airflow connections that lead to them.

The sandbox keeps its records in its process, so it is left running between demos: what was delivered stays delivered. When it is
gone, store, landing zone and Airflow's database go with it, and the world begins afresh.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import requests

from crosswalk.local.control import Sandbox, failed
from crosswalk.local.environment import Place, free_port
from crosswalk.local.processes import Child, recall, remember, spawn, stop
from crosswalk.local.scenario import Connections, Scenario

START_SECONDS = 60


@dataclass(frozen=True)
class World:
    """A running sandbox with what the scenarios brought. fresh: it was made just now."""

    sandbox: Sandbox
    scenarios: tuple[Scenario, ...]
    children: tuple[Child, ...]
    fresh: bool

    @property
    def url(self) -> str:
        return self.sandbox.url


def prepare(place: Place, scenarios: Sequence[Scenario]) -> World:
    """Find the running sandbox, or clear everything and make the world anew."""
    world = find(place, scenarios)
    if world:
        return world
    clear(place)
    port = free_port()
    command = [sys.executable, "-m", "crosswalk.sandbox", "--port", str(port), "--contacts", "200", "--groups", "10"]
    child = spawn("sandbox", command, place.logs / "sandbox.log", _plain_environment())
    world = World(Sandbox(place, f"http://127.0.0.1:{port}"), tuple(scenarios), (child,), fresh=True)
    with ExitStack() as undo:
        undo.callback(stop, world.children)
        _wait(world)
        for scenario in scenarios:
            scenario.open(world.sandbox)
        undo.pop_all()
    remember(place.local / "sandbox.json", world.children, url=world.url)
    return world


def find(place: Place, scenarios: Sequence[Scenario]) -> World | None:
    """Return the world an earlier command left running, if it still is."""
    children, facts = recall(place.local / "sandbox.json")
    if children and all(child.alive for child in children):
        return World(Sandbox(place, str(facts["url"])), tuple(scenarios), tuple(children), fresh=False)
    return None


def clear(place: Place) -> None:
    """Remove what belongs to a world that is gone: store, landing zone, Airflow's database and its logs."""
    for folder in (place.store.parent, place.landing, place.airflow_home, place.local / "demo"):
        shutil.rmtree(folder, ignore_errors=True)


def connections(world: World) -> Connections:
    """Build the Airflow connections: store, landing zone, and those of every scenario."""
    place = world.sandbox.place
    made: Connections = {
        "crosswalk_store": {"conn_type": "crosswalk_store", "extra": {"sqlite_path": str(place.store)}},
        "crosswalk_landing": {"conn_type": "crosswalk_landing", "extra": {"url": place.landing.as_uri()}},
    }
    for scenario in world.scenarios:
        made |= scenario.connections(world.sandbox)
    return made


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
