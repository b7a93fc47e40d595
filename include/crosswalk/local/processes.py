"""Child processes that are surely stopped: each in a group of its own, remembered by id and start time, ended with all its children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from crosswalk.local.environment import write_private

STOP_SECONDS = 15


@dataclass(frozen=True)
class Child:
    """A process we started. `started` tells it from a later process with the same id."""

    name: str
    pid: int
    started: str

    @property
    def alive(self) -> bool:
        return bool(self.started) and _started(self.pid) == self.started


def spawn(name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Child:
    """Start a process that outlives us, in a group of its own, writing to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command), env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    return Child(name, process.pid, _started(process.pid))


def stop(children: Iterable[Child]) -> None:
    """End every process and its group: asked first, then forced. Returns when none is left."""
    groups = [child for child in children if child.alive]
    for child in reversed(groups):
        _signal(child, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(_group_alive(child.pid) for child in groups) and time.monotonic() < deadline:
        time.sleep(0.1)
    for child in groups:
        if _group_alive(child.pid):
            _signal(child, signal.SIGKILL)
    while any(_group_alive(child.pid) for child in groups):
        time.sleep(0.05)


def remember(path: Path, children: Iterable[Child], **facts: object) -> None:
    """Write the processes and what a later command has to know of them."""
    write_private(path, json.dumps({**facts, "processes": [asdict(child) for child in children]}, indent=1))


def recall(path: Path) -> tuple[list[Child], dict[str, object]]:
    """Read what `remember` wrote; nothing when there is no such file."""
    if not path.is_file():
        return [], {}
    facts = json.loads(path.read_text(encoding="utf-8"))
    return [Child(**child) for child in facts.pop("processes")], facts


def _signal(child: Child, number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _group_alive(group: int) -> bool:
    _reap(group)
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return any(row[0] == str(group) and not row[1].startswith("Z") for row in rows if len(row) == 2)


def _started(pid: int) -> str:
    """When the process began; "" when there is none, or only its remains."""
    _reap(pid)
    listed = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.strip()
    state, _, began = listed.partition(" ")
    return "" if state.startswith("Z") else began.strip()
