"""The embedded Airflow: API server, scheduler and DAG processor as child processes, with their logs under `.local/logs`.

    python -m crosswalk.local.stack up | down

`up` starts the sandbox with the demo's customers too, and leaves everything running; `down` stops it all.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import requests

from crosswalk.errors import TransientError
from crosswalk.local import sandbox_world as sandbox
from crosswalk.local.environment import Place, airflow_environment, find_place, free_port, write_shell_file
from crosswalk.local.processes import Child, recall, remember, spawn, stop
from crosswalk.local.scenario import Connections, Scenario
from crosswalk.local.scenarios import SCENARIOS

START_SECONDS = 180
_SERVICES = {"api-server": ["api-server"], "scheduler": ["scheduler", "--skip-serve-logs"], "dag-processor": ["dag-processor"]}


@dataclass(frozen=True)
class Stack:
    """A running embedded Airflow."""

    place: Place
    port: int
    children: tuple[Child, ...]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return bool(self.children) and all(child.alive for child in self.children)

    def stop(self) -> None:
        """End all its processes and their children."""
        stop(self.children)
        _file(self.place).unlink(missing_ok=True)


def start(place: Place, connections: Connections) -> Stack:
    """Migrate Airflow's database, start its three services and wait until all are healthy. Raises TransientError LOCAL_NOT_HEALTHY."""
    port = free_port()
    environment = airflow_environment(place, port=port, connections=connections)
    write_shell_file(place, environment)
    migrate(place, environment)
    stack = Stack(place, port, tuple(_spawn(place, name, environment) for name in _SERVICES))
    remember(_file(place), stack.children, port=port)
    with ExitStack() as undo:
        undo.callback(stack.stop)
        _wait_healthy(stack)
        undo.pop_all()
    return stack


def find(place: Place) -> Stack | None:
    """Return the stack an earlier command left running, if it still is."""
    children, facts = recall(_file(place))
    stack = Stack(place, int(str(facts.get("port", 0))), tuple(children))
    if stack.running:
        return stack
    stack.stop()
    return None


def migrate(place: Place, environment: dict[str, str]) -> None:
    """Bring Airflow's own database to the installed version, quietly; its words go to `.local/logs/migrate.log`."""
    place.airflow_home.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.logs.mkdir(parents=True, exist_ok=True)
    with (place.logs / "migrate.log").open("ab") as log:
        done = subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], env=environment, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise _not_healthy("airflow db migrate failed", "read .local/logs/migrate.log")
    with closing(sqlite3.connect(place.airflow_db)) as database:
        database.execute("PRAGMA journal_mode=WAL")


def bring_up(place: Place, say: Callable[[str], None], scenarios: Sequence[Scenario] = SCENARIOS) -> tuple[sandbox.World, Stack, bool]:
    """Find or start everything: sandbox with its customers, store, Airflow. The flag tells whether Airflow was started by this call."""
    running = find(place)
    world = sandbox.find(place, scenarios)
    if world is None:
        if running:
            running.stop()
            running = None
        say("Sandbox: starting it with " + ", ".join(scenario.announced for scenario in scenarios))
        world = sandbox.prepare(place, scenarios)
    say(f"Sandbox: {world.url}/_sandbox/" + ("" if world.fresh else ", with what was delivered before"))
    if running:
        say(f"Airflow: running already at {running.url}")
        return world, running, False
    migrate_store(place)
    say("Airflow: starting API server, scheduler and DAG processor")
    return world, start(place, sandbox.connections(world)), True


def migrate_store(place: Place) -> None:
    """Bring our own database to the current version."""
    from crosswalk.store.database import connect
    from crosswalk.store.migrate import migrate as migrate_tables

    place.store.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    migrate_tables(connect(f"sqlite:///{place.store}"))


def main(arguments: list[str] | None = None) -> int:
    """Start or stop the local stack; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m crosswalk.local.stack")
    parser.add_argument("what", choices=["up", "down"])
    place = find_place()
    if parser.parse_args(arguments).what == "down":
        print("Stopped." if take_down(place) else "Nothing was running.")
        return 0
    _, stack, _ = bring_up(place, print)
    print(f"\nAirflow is at {stack.url}. Users and passwords: {place.passwords}")
    print("analyst may look, oncall may run and answer, engineer may also change connections.")
    print("For the crosswalk command: . .local/env     To stop: make down")
    return 0


def take_down(place: Place) -> bool:
    """Stop Airflow and the sandbox; tells whether there was something to stop."""
    running = find(place)
    if running:
        running.stop()
    children, _ = recall(place.local / "sandbox.json")
    stop(children)
    (place.local / "sandbox.json").unlink(missing_ok=True)
    return bool(running or children)


def _file(place: Place) -> Path:
    return place.local / "stack.json"


def _spawn(place: Place, name: str, environment: dict[str, str]) -> Child:
    return spawn(name, [sys.executable, "-m", "airflow", *_SERVICES[name]], place.logs / f"{name}.log", environment)


def _wait_healthy(stack: Stack) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        dead = [child.name for child in stack.children if not child.alive]
        if dead:
            raise _not_healthy(f"{', '.join(dead)} ended while starting", f"read .local/logs/{dead[0]}.log")
        if _healthy(stack):
            return
        time.sleep(0.5)
    raise _not_healthy(f"Airflow was not healthy after {START_SECONDS} s", "read the logs in .local/logs")


def _healthy(stack: Stack) -> bool:
    try:
        health = requests.get(f"{stack.url}/api/v2/monitor/health", timeout=5).json()
    except (requests.RequestException, ValueError):
        return False
    return all(health.get(part, {}).get("status") == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))


def _not_healthy(found: str, fix: str) -> TransientError:
    return TransientError("LOCAL_NOT_HEALTHY", operation="starting the local Airflow", problem=found, next_step=fix)


if __name__ == "__main__":
    sys.exit(main())
