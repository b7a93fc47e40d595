from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswalk.sandbox.server import SandboxServer
from flex_world import FlexWorld


@pytest.fixture(scope="module")
def flex_box() -> Iterator[SandboxServer]:
    """One sandbox for a module's worlds; the same records are validated once."""
    with SandboxServer(contacts=1, groups=0, seed=4) as box:
        yield box


@pytest.fixture
def world(flex_box: SandboxServer, tmp_path: Path) -> FlexWorld:
    """A CRM and a Flex that know many of the same people, at their beginning."""
    world = FlexWorld(flex_box.url, tmp_path / "world")
    world.control("POST", "/reset")
    return world
