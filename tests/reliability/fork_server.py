"""A process that has everything imported and no threads, and forks a child for every run that is to be killed.

One JSON object a line. In: {"do": "warm" | "fork", "url", "folder", "acts": […], "kill": [point, hit, side], "stop": bool, "plain": bool},
"firm", the key of an eMoney firm, "crm", settings of a CRM, "files", those of carrier files, or "flex", those of CRM → Flex, where the
acts are about one.
Out: {"ready"}, {"warm"}, {"pid"}, {"stopped"}, {"ended": exit code, or the negative number of the signal}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import tqdm  # type: ignore[import-untyped]
from pyrate_limiter import BucketFactory

from crm_world import CrmWorld, crm_world
from crosswalk.engine import validate
from crosswalk.errors import CrosswalkError
from crosswalk.store.store import Store
from crosswalk.systems.fmg import client
from crosswalk.validation import suite
from files_world import FilesWorld
from flex_world import FlexWorld
from planning_firm import Firm
from reliability.acts import account_of, carry_out
from reliability.fault_points import Hits, arm
from reliability.forking import settle
from reliability.small_world import SmallWorld
from remembered import remember_validations, without_reports

World = SmallWorld | Firm | CrmWorld | FilesWorld | FlexWorld
PAGE_SIZE, MAX_BATCH = 20, 10
LONGEST = 120
"""Seconds a child may take before it is ended."""


def act(world: World, wanted: dict[str, Any]) -> dict[str, Any]:
    """Do one thing an operator or the scheduler does; say how it ended and how many writes the target got."""
    before, ahead = world.writes(), wanted.get("ahead", 0)
    world.store = Store(world.store.engine, lambda: time.time() + ahead)
    told: dict[str, Any] = {"act": wanted["act"], "status": "", "error": ""}
    try:
        with without_reports() if wanted.get("unreported") else nullcontext():
            row = carry_out(account_of(world, wanted), wanted)
        told["status"] = row.status.value
    except CrosswalkError as error:
        told["error"] = error.code
    return told | {"writes": world.writes() - before}


def world_of(task: dict[str, Any]) -> World:
    """Build the world a task is about: an eMoney firm, a CRM, an FMO, a CRM and a Flex, or an office of FMG."""
    url, folder = task["url"], Path(task["folder"])
    if "firm" in task:
        return Firm(url, folder, **task["firm"])
    if "crm" in task:
        return crm_world(url, folder, **task["crm"])
    if "files" in task:
        return FilesWorld(url, folder, **task["files"])
    if "flex" in task:
        return FlexWorld(url, folder, task["flex"])
    return SmallWorld(url, folder, page_size=PAGE_SIZE, max_batch=MAX_BATCH)


def do(task: dict[str, Any], hits: Hits) -> None:
    """Do the acts of a task in this process and leave what there is to tell beside the store."""
    world = world_of(task)
    told = [act(world, wanted) for wanted in task["acts"]]
    world.store.engine.dispose()
    unfinished = world.folder / "telling.json"
    unfinished.write_text(json.dumps({"acts": told, "hits": hits.counts}))
    unfinished.replace(world.folder / "told.json")


def fork(task: dict[str, Any], hits: Hits) -> None:
    """Do a task in a child and wait for its end, telling each turn."""
    pid = os.fork()
    if pid == 0:
        _child(task, hits)
    say(pid=pid)
    if task.get("stop"):
        os.waitpid(pid, os.WUNTRACED)
        say(stopped=pid)
    _, status = os.waitpid(pid, 0)
    say(ended=os.waitstatus_to_exitcode(status))


def _child(task: dict[str, Any], hits: Hits) -> None:
    code = 1
    try:
        signal.alarm(LONGEST)
        hits.kill = tuple(task["kill"]) if task.get("kill") else None
        if task.get("plain"):
            validate.check = suite.validate  # type: ignore[attr-defined]
        if task.get("stop"):
            os.kill(os.getpid(), signal.SIGSTOP)
        do(task, hits)
        code = 0
    except BaseException:  # noqa: BLE001 - the parent's loop must never go on in a child
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def warm(task: dict[str, Any], hits: Hits) -> None:
    """Do a task here once, so that children find caches filled; no thread may be left of it."""
    do(task, hits)
    hits.counts.clear()
    settle()
    say(warm=True)


def say(**what: Any) -> None:
    print(json.dumps(what), file=ANSWERS, flush=True)


def serve() -> None:
    """Serve tasks until the input ends."""
    tqdm.tqdm.monitor_interval = 0
    BucketFactory.leak_interval = 50  # type: ignore[assignment, method-assign]
    client.PAGE_SIZE = PAGE_SIZE
    hits = Hits()
    arm(hits)
    say(ready=True)
    with remember_validations():
        for line in sys.stdin:
            task = json.loads(line)
            {"warm": warm, "fork": fork}[task["do"]](task, hits)


ANSWERS = os.fdopen(os.dup(1), "w")

if __name__ == "__main__":
    os.dup2(2, 1)  # nothing else may write between the answers
    serve()
