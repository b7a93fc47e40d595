from __future__ import annotations

from collections.abc import Iterator

import pytest

from crosswalk.sandbox.server import SandboxServer
from sandbox.callers import Control, Emoney, Engine, Fmg


@pytest.fixture(scope="session")
def shared_box() -> Iterator[SandboxServer]:
    with SandboxServer(contacts=230, groups=12, seed=1) as box:
        yield box


@pytest.fixture
def box(shared_box: SandboxServer, control: Control) -> SandboxServer:
    control.call("POST", "/reset", {})
    return shared_box


@pytest.fixture
def control(shared_box: SandboxServer) -> Control:
    return Control(shared_box.url)


@pytest.fixture
def engine(box: SandboxServer) -> Engine:
    return Engine(box.url)


@pytest.fixture
def fmg(box: SandboxServer) -> Fmg:
    return Fmg(box.url)


@pytest.fixture
def emoney(box: SandboxServer) -> Emoney:
    caller = Emoney(box.url)
    caller.sign_in()
    return caller
