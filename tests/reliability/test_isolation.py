"""ACRM-05: an agent's business is provisioned out of random, hostile FMOs, and nothing of anybody else is in anything that comes of it.

Every value another agent's record has carries a canary. It is looked for in the business, in every landed file and report file, in the
store, in the log, in what travels between tasks. tests/console has the pages.
"""

from __future__ import annotations

import io
import logging
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crosswalk.core.model import RunStatus
from crosswalk.engine import attempt
from crosswalk.engine import validate as step
from crosswalk.integrations.releasing import release_account
from crosswalk.orchestration.task_runs import handle_and_counts
from crosswalk.sandbox.agent_crm import reading
from crosswalk.validation.outcomes import Validated
from figures import Tally
from fmo_world import NAME, FmoWorld
from reliability.conftest import Scale
from reliability.hostile_books import OTHERS, THEIRS, B, fill, hand_over

pytestmark = pytest.mark.reliability

PARTS, SHORT, FULL = 10, 12, 1_000
"""Parts of the test, and sets of each."""
A_WORLD = 100
"""Sets of one store and landing zone."""
HANDED_OVER = 6
"""Of so many sets one goes on: policies of B become another agent's, and B is synced again."""
TRULY_VALIDATED = 10
"""Of so many sets one is validated by Great Expectations; in the others every record passes."""


def texts(path: Path) -> Iterator[str]:
    """All a file says, unpacked."""
    content = path.read_bytes()
    if path.suffix == ".parquet":
        yield pd.read_parquet(io.BytesIO(content)).to_csv()
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            yield from (book.read(name).decode("utf-8", "replace") for name in book.namelist())
    else:
        yield content.decode("utf-8", "replace")


def leaks(folder: Path) -> list[str]:
    """Files below a folder in which a canary is, in its contents or its name."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if THEIRS in path.name or any(THEIRS in text for text in texts(path))]


def pass_all(_entity: Any, frame: pd.DataFrame, _target: Any, *, travels: Any = None) -> Validated:
    """Great Expectations takes most of the time of so small a run, and keeps nobody apart."""
    return Validated(accepted=frame, rejections=[], rules=[], critical=[])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a set does not need: files that survive a power cut, and reports the next step's report replaces."""
    published = attempt.publish
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    monkeypatch.setattr(attempt, "publish", lambda run, name: published(run, name) if name in ("transform", "load") else None)


@pytest.mark.requirement("ACRM-05")
@pytest.mark.timeout(0)
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("part", range(PARTS))
def test_no_canary_of_another_agent_is_in_anything_of_b(
    part: int, tmp_path: Path, scale: Scale, tally: Tally, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG, "crosswalk")
    truly, sets, wrong = step.check, scale(SHORT, FULL), 0
    for first in range(part * FULL, part * FULL + sets, A_WORLD):
        world = FmoWorld(tmp_path / str(first))
        for seed in range(first, min(first + A_WORLD, part * FULL + sets)):
            monkeypatch.setattr(step, "check", pass_all if seed % TRULY_VALIDATED else truly)
            _widen(monkeypatch, seed)
            said = _provisioned(world, seed) + caplog.text
            caplog.clear()
            wrong += THEIRS in said
            assert THEIRS not in said, f"set {seed}"
        found = leaks(world.folder)
        wrong += len(found)
        assert found == [], f"sets from {first}"
        world.store.engine.dispose()
        shutil.rmtree(world.folder)
    tally("ACRM-05", "random FMOs provisioned through the whole run, canaries of others in what came of it", sets, wrong)


FOUND = reading._found


def _widen(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Let the server's search find more than it is asked for: as agreed, in any field, or everything there is."""

    def wider(shelf: Any, text: str, within: list[str], ordering: str) -> Any:
        return FOUND(shelf, *((text, within), (text, []), ("", []))[seed % 3], ordering)

    monkeypatch.setattr(reading, "_found", wider)


def _provisioned(world: FmoWorld, seed: int) -> str:
    """Provision B out of a random FMO, each time as if for the first time; all that is said of it, and all the business holds."""
    world.clear()
    mine = fill(world, seed)
    business = world.provision(B)
    row = world.run(business, f"set {seed}", approve=lambda _run: True)
    assert row.status in (RunStatus.SUCCESS, RunStatus.PARTIAL), (seed, row)
    said = str(row)
    if seed % HANDED_OVER == 0:
        hand_over(world, seed)
        said += str(row := world.run(business, f"set {seed} again", approve=lambda _run: True))
    assert set(world.held(business, "policies")) == mine, f"set {seed}: not exactly B's policies"
    handle = handle_and_counts(row.key, {"held": False, "plan_hash": row.plan_hash, "summary": row.counts["plan"]})
    release_account(world.store, NAME, business.account)
    return str(handle) + said + str(world.system.customers[business.business_id].shelves)


def test_the_look_for_canaries_finds_one(tmp_path: Path) -> None:
    pd.DataFrame({"a": [f"{THEIRS} here"]}).to_parquet(tmp_path / "one.parquet", compression="zstd")
    (tmp_path / f"{THEIRS}.txt").write_text("nothing")
    pd.DataFrame({"a": [THEIRS]}).to_excel(tmp_path / "two.xlsx")
    (tmp_path / "clean.json").write_text("{}")
    assert sorted(Path(one).name for one in leaks(tmp_path)) == ["one.parquet", f"{THEIRS}.txt", "two.xlsx"]
    assert B not in OTHERS
