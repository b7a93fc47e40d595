"""One sandbox for all tests here; each begins with an empty CRM, an empty organization and a store of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_world import CrmWorld, sandbox
from crosswalk.sandbox.server import SandboxServer
from integrations.crm_to_mindmatrix.crms import CRMS


@pytest.fixture(scope="session")
def crm_box() -> Iterator[SandboxServer]:
    with sandbox() as server:
        yield server


@pytest.fixture(params=CRMS, ids=lambda crm: crm.system)
def crms(request: pytest.FixtureRequest, crm_box: SandboxServer, tmp_path: Path) -> CrmWorld:
    world = CrmWorld(crm_box.url, tmp_path / "world", request.param)
    world.clean()
    return world
