"""Several processes, one firm, one minute: the sandbox counts, and never has to say 429."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.database import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.quotas import StoredQuota
from crosswalk.systems.emoney.client import EmoneyClient
from crosswalk.systems.emoney.target import EmoneyTarget
from crosswalk.wire.connection import connection_settings
from crosswalk.wire.quota import Quota
from crosswalk.wire.throttle import forget_throttles

LIMIT, WINDOW, PROCESSES, EACH = 8, 1, 3, 6
OURS = Quota(LIMIT, 2 * WINDOW)
"""Twice the window the sandbox counts by: a busy machine may deliver requests late, and is not what is tested."""


@pytest.fixture
def box() -> Iterator[SandboxServer]:
    with SandboxServer(contacts=0, groups=0) as server:
        settings = {"emoney_requests": LIMIT, "emoney_window_seconds": WINDOW}
        assert requests.patch(f"{server.url}/_sandbox/settings", json=settings, timeout=10).ok
        yield server


@pytest.mark.requirement("EMON-07")
def test_processes_together_keep_the_firms_limit(box: SandboxServer, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store.db'}"
    migrate(connect(store))
    made = requests.post(f"{box.url}/_sandbox/emoney/firms/EM-1001/certificates", json={"kind": "ec"}, timeout=10).json()
    secrets = {"api_key": "sandbox-apikey", "password": made["private_key"], "key_id": made["key_id"]}
    settings = connection_settings(
        "emoney",
        f"{box.url}/emoney",
        signin_url=f"{box.url}/emoney",
        login="crosswalk-sandbox",
        firm="EM-1001",
        allow_private_network=True,
        **secrets,
    )

    def work() -> None:
        forget_throttles()
        target = EmoneyTarget(EmoneyClient(settings, StoredQuota(connect(store), settings.name, OURS)))
        for _ in range(EACH):
            target.state()

    forget_throttles()
    running = [multiprocessing.get_context("fork").Process(target=work) for _ in range(PROCESSES)]
    for process in running:
        process.start()
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0] * PROCESSES
    log = requests.get(f"{box.url}/_sandbox/requests?system=emoney", timeout=10).json()["requests"]
    assert [entry["status"] for entry in log] == [200] * (PROCESSES * EACH + PROCESSES)
    quota = StoredQuota(connect(store), settings.name, OURS)
    assert 0 < quota.estimate(10 * LIMIT) <= 10 * OURS.window
