"""Worlds with a delivery behind them: lived through once a file for each scope, then put back for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import pytest

from crosswalk.sandbox.server import SandboxServer
from reliability.small_world import Kept, SmallWorld

Scope = tuple[str, ...] | None
AfterDelivery = Callable[..., SmallWorld]
"""Gives a world of 60 contacts and 4 groups after its first delivery; its argument is the scope, all when left out."""


@pytest.fixture(scope="module")
def kept_worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Scope], AbstractContextManager[SmallWorld]]]:
    folder = tmp_path_factory.mktemp("worlds")
    kept: dict[Scope, Kept] = {}
    with SandboxServer(contacts=60, groups=4, seed=3) as box:

        def again(scope: Scope) -> AbstractContextManager[SmallWorld]:
            if scope not in kept:
                world = SmallWorld(box.url, folder / str(len(kept)), scope=scope)
                world.control("POST", "/reset")
                world.run()
                kept[scope] = Kept.now(world)
            return kept[scope].again()

        yield again


@pytest.fixture
def after_delivery(kept_worlds: Callable[[Scope], AbstractContextManager[SmallWorld]]) -> Iterator[AfterDelivery]:
    with ExitStack() as stack:
        yield lambda scope=None: stack.enter_context(kept_worlds(scope))


@pytest.fixture
def whole(after_delivery: AfterDelivery) -> SmallWorld:
    """A world of which everything is in scope."""
    return after_delivery()
