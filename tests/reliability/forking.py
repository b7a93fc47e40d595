"""What the servers that fork a child for every case share: the environment they start in, and nothing of a first run left behind."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path

from crosswalk.wire import throttle

TESTS = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    """The environment of such a server: it finds the tests, and Arrow keeps no threads of its own."""
    found = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": found, "ARROW_DEFAULT_MEMORY_POOL": "system", "PYTHONHASHSEED": "0"}


def settle() -> None:
    """End every thread before the first fork; a child would have its locks and not its work."""
    throttle.forget_throttles()
    gc.collect()
    for thread in set(threading.enumerate()) - {threading.main_thread()}:
        thread.join(10)
        assert not thread.is_alive(), f"the thread {thread.name} is still there"
    gc.freeze()
