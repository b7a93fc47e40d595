"""What is started is stopped, with all it started itself; what is not ours is left alone."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from crosswalk.local.processes import Child, recall, remember, spawn, stop

PARENT = """
import subprocess, sys, time, signal
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
if "stubborn" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(600)
"""


def start(log: Path, *arguments: str) -> tuple[Child, int]:
    child = spawn("parent", [sys.executable, "-c", PARENT, *arguments], log, dict(os.environ))
    deadline = time.monotonic() + 20
    while not log.read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.05)
    return child, int(log.read_text().split()[0])


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.parametrize("arguments", [(), ("stubborn",)], ids=["asked", "forced"])
def test_a_process_ends_with_its_children(tmp_path: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crosswalk.local.processes.STOP_SECONDS", 1)
    child, grandchild = start(tmp_path / "log", *arguments)
    assert child.alive
    assert running(grandchild)
    stop([child])
    assert not child.alive
    assert not running(grandchild)


def test_a_later_process_with_the_same_id_is_not_ours(tmp_path: Path) -> None:
    child, _ = start(tmp_path / "log")
    impostor = Child(child.name, child.pid, "Mon Jan  1 00:00:00 2001")
    assert not impostor.alive
    stop([impostor])
    assert child.alive
    stop([child])


def test_a_process_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    child, _ = start(tmp_path / "log")
    os.killpg(child.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert not child.alive
    stop([child])


def test_processes_are_remembered_for_a_later_command(tmp_path: Path) -> None:
    child = Child("one", 12345, "Mon Jan  1 00:00:00 2001")
    remember(tmp_path / "file.json", [child], port=4711)
    assert recall(tmp_path / "file.json") == ([child], {"port": 4711})
    assert (tmp_path / "file.json").stat().st_mode & 0o077 == 0
    assert recall(tmp_path / "none.json") == ([], {})
