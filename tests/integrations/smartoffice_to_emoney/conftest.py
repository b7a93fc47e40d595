"""One sandbox for all tests of a file; each has an office, a firm and a store of its own making."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from crosswalk.sandbox.server import SandboxServer
from crosswalk.systems.emoney.tokens import forget_tokens
from planning_firm import READY, Firm, FirmMaker, furnished


@pytest.fixture(scope="module")
def box() -> Iterator[SandboxServer]:
    with SandboxServer(contacts=0, groups=0, seed=3) as started:
        yield started


@pytest.fixture
def make_firm(box: SandboxServer, tmp_path: Path) -> FirmMaker:
    """Make the firm of a test, alone in the sandbox."""

    def make(**settings: object) -> Firm:
        forget_tokens()
        requests.post(f"{box.url}/_sandbox/reset", json={}, timeout=30).raise_for_status()
        return furnished(box.url, tmp_path / secrets.token_hex(4), **settings)  # type: ignore[arg-type]

    return make


@pytest.fixture
def firm(make_firm: FirmMaker) -> Firm:
    return make_firm()


@pytest.fixture
def exported(firm: Firm) -> Firm:
    """A firm that has the clients who are ready."""
    firm.export(*READY)
    return firm
