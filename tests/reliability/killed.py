"""Runs that are killed: the fork server as seen from the test, strace as the one who kills, and a reader who watches FMG meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from reliability.forking import TESTS, environment

WRITING = "write,writev,pwrite64,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2,link,linkat,sendto,sendmsg"
TAKING = "recvfrom"
"""Not a write, but the moment between a request and its answer."""
CALLS = f"{WRITING},{TAKING}"


@dataclass(frozen=True)
class Point:
    """Where a run is killed: before or after the nth hit of a named point, at the nth system call of a name, or once the new list is seen.

    how: "named", "call" or "seen".
    """

    how: str
    name: str
    number: int = 1
    side: str = "before"

    def __str__(self) -> str:
        return f"{self.how}:{self.name}:{self.number}:{self.side}"

    @classmethod
    def parse(cls, text: str) -> Point:
        how, name, number, side = text.split(":")
        return cls(how, name, int(number), side)


@dataclass(frozen=True)
class Ended:
    """How a child ended. told: what its acts came to, None when it was killed before it could tell."""

    code: int
    told: dict[str, Any] | None

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class ForkServer:
    """The process that forks a child for every run; see fork_server.py."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(TESTS / "reliability" / "fork_server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self._answer("ready")

    def warm(self, **task: Any) -> dict[str, Any]:
        """Do a task in the server itself."""
        self._send(do="warm", **task)
        self._answer("warm")
        return _told(task["folder"]) or {}

    def run(self, watch: Watch, point: Point | None = None, **task: Any) -> Ended:
        """Do a task in a child that is killed at the point, if one is given."""
        kill = [point.name, point.number, point.side] if point and point.how == "named" else None
        self._send(do="fork", kill=kill, stop=bool(point and point.how == "call"), **task)
        pid = self._answer("pid")
        with watch.killing(pid if point and point.how == "seen" else 0):
            if point and point.how == "call":
                self._answer("stopped")
                inject = f"inject={point.name}:signal=KILL:when={point.number}"
                with strace(pid, point.name, "-o", os.devnull, "-e", inject):
                    code = self._answer("ended")
            else:
                code = self._answer("ended")
        return Ended(code, _told(task["folder"]))

    def count(self, **task: Any) -> tuple[Counter[str], dict[str, Any]]:
        """How often each system call is made at most by one thread, in a run nobody kills, and what the run told."""
        self._send(do="fork", stop=True, **task)
        pid = self._answer("pid")
        self._answer("stopped")
        log = Path(task["folder"]) / "calls.txt"
        with strace(pid, CALLS, "-o", str(log)):
            assert self._answer("ended") == 0, "the run without a kill failed"
        found = re.findall(r"^(\d+) +(\w+)\(", log.read_text(), re.MULTILINE)
        most: Counter[str] = Counter()
        for (_thread, name), number in Counter(found).items():
            most[name] = max(most[name], number)
        return most, _told(task["folder"]) or {}

    def _send(self, **task: Any) -> None:
        (Path(task["folder"]) / "told.json").unlink(missing_ok=True)
        assert self._process.stdin
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()

    def _answer(self, name: str) -> int:
        assert self._process.stdout
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {}
        assert name in answer, f"the fork server says {line!r} instead of {name}"
        return int(answer[name])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process.stdout.close()


@contextmanager
def strace(pid: int, calls: str, *options: str) -> Iterator[None]:
    """Attach strace to a stopped process, let it go on, and wait for strace to end with it. Without strace: an error, never a skip."""
    try:
        program = shutil.which("strace")
        assert program, "strace is not installed: the kill sweep needs it (Debian package strace)"
        command = [program, "-f", "-qq", "-p", str(pid), "-e", f"trace={calls}", *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
            _wait_attached(pid, tracer)
            os.kill(pid, signal.SIGCONT)
            yield
            tracer.wait(30)
    except BaseException:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        raise


def _wait_attached(pid: int, tracer: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 20
    while f"TracerPid:\t{tracer.pid}\n" not in Path(f"/proc/{pid}/status").read_text():
        if tracer.poll() is not None or time.monotonic() > until:
            tracer.kill()
            raise AssertionError(f"strace cannot attach to a process here: {tracer.communicate()[1]}")
        time.sleep(0.001)


def _told(folder: str) -> dict[str, Any] | None:
    file = Path(folder) / "told.json"
    return json.loads(file.read_text()) if file.exists() else None


@dataclass
class Watch:
    """Reads FMG's account, groups and contacts every 10 ms, from a thread of its own, and judges every answer.

    known: answers that are the list before (False) or the list after (True); anything else is a mixture.
    """

    url: str
    account: str
    known: dict[bytes, bool] = field(default_factory=dict)
    readings: int = 0
    mixed: list[str] = field(default_factory=list)
    _pid: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Forget what was read so far."""
        self.readings = 0
        self.mixed = []

    def judge(self, connection: http.client.HTTPConnection) -> None:
        """Read once. The parts are read one after the other, so what was the list before may become the list after, never back."""
        newest = False
        for what in ("", "/groups?limit=1000", "/contacts?limit=1000"):
            answer = self.fetch(connection, what)
            after = self.known.get(answer)
            if after is None or (newest and not after):
                self.mixed.append(f"{what or 'account'}: {answer[:2000]!r}")
            newest = newest or bool(after)
        self.readings += 1
        if newest and self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._pid = 0

    def fetch(self, connection: http.client.HTTPConnection, what: str) -> bytes:
        """One answer of FMG, without the number of the last snapshot: a re-run has one of its own."""
        connection.request("GET", f"/fmg/v1/accounts/{self.account}{what}", headers={"Authorization": "Bearer sandbox-key"})
        return re.sub(rb'"last_snapshot":\s*\d+', b"", connection.getresponse().read())

    def learn(self, *, after: bool) -> None:
        """Take what FMG shows now for the list before or after."""
        with self.connected() as connection:
            for what in ("", "/groups?limit=1000", "/contacts?limit=1000"):
                self.known[self.fetch(connection, what)] = after

    @contextmanager
    def connected(self) -> Iterator[http.client.HTTPConnection]:
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(place.hostname), place.port or 0, timeout=30)
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Read every 10 ms until the with-block ends, and once more then."""
        self._over.clear()
        thread = threading.Thread(target=self._watch, name="reader")
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    @contextmanager
    def killing(self, pid: int) -> Iterator[None]:
        """Kill the process as soon as the list after is seen; 0 kills none."""
        self._pid = pid
        try:
            yield
        finally:
            self._pid = 0

    def _watch(self) -> None:
        with self.connected() as connection:
            while not self._over.wait(0.01):
                self.judge(connection)
            self.judge(connection)
