"""One sandbox for all tests of a file; each has an empty FMO business, a drop folder and a store of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswalk.sandbox.server import SandboxServer
from files_world import FilesWorld, files_box, fresh


@pytest.fixture(scope="module")
def box() -> Iterator[SandboxServer]:
    with files_box() as started:
        yield started


@pytest.fixture
def fmo(box: SandboxServer, tmp_path: Path) -> FilesWorld:
    return fresh(box, tmp_path)
