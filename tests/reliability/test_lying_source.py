"""Whatever a source says, nothing good is destroyed: a run that calls itself delivered has delivered the truth, any other wrote nothing.

One seed makes one case: `CROSSWALK_SEED=17 pytest tests/reliability/test_lying_source.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random

import pytest

from between import Between, as_it_is, between
from crosswalk.core.model import RunStatus
from crosswalk.errors import CrosswalkError
from crosswalk.sandbox.server import SandboxServer
from reliability.conftest import Tally
from reliability.histories import CONTACTS, GROUPS, History, histories, redo_edits, relived
from reliability.lies import LIES, drawn
from reliability.small_world import SmallWorld
from reliability.stage import Stage
from reliability.traffic import Traffic
from reliability.truth import Holding, Truth, destroyed, differences, holding
from remembered import without_reports

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(3600)]

SHORT, FULL, CHUNK = 100, 10_000, 25
DELIVERED = {RunStatus.SUCCESS, RunStatus.PARTIAL}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a chunk of seeds."""
    if "seeds" not in metafunc.fixturenames:
        return
    one = os.environ.get("CROSSWALK_SEED")
    number = FULL if metafunc.config.getoption("--full") else SHORT
    chunks = [range(int(one), int(one) + 1)] if one else [range(start, start + CHUNK) for start in range(0, number, CHUNK)]
    metafunc.parametrize("seeds", chunks, ids=[f"{chunk.start}-{chunk.stop - 1}" for chunk in chunks])


@dataclass(frozen=True)
class Past:
    """Every history, the server between that lies, and what the sandbox is asked."""

    histories: dict[str, History]
    middle: Between
    traffic: Traffic


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    folder = tmp_path_factory.mktemp("lies")
    with ExitStack() as stack:
        box = stack.enter_context(SandboxServer(contacts=CONTACTS, groups=GROUPS, seed=5))
        heard = stack.enter_context(Traffic(box).listening())
        stack.enter_context(without_reports())
        middle = stack.enter_context(between(box.url))
        yield Past(histories(box, folder), middle, heard)


@dataclass
class Case:
    """One seed: what was told, how the run ended, and what is wrong with that."""

    seed: int
    told: list[str] = field(default_factory=list)
    history: str = ""
    ended: str = ""
    harmless: bool = True
    cut: bool = False
    destroyed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"seed {self.seed}, {self.history}, {self.told}, ended {self.ended}: {[*self.destroyed, *self.wrong]}"


@pytest.mark.requirement("SAFE-1", "SAFE-2", "FMG-06")
def test_no_lie_destroys_anything(past: Past, tally: Tally, seeds: range) -> None:
    cases = [lived(past, seed) for seed in seeds]
    cut = [case for case in cases if case.cut]
    tally("P4", "a source lies once to three times", len(cases), sum(bool(case.destroyed) for case in cases))
    tally("P12", "a list that is cut, capped, moved or empty", len(cut) or 1, sum(bool(case.wrong) for case in cut))
    bad = [str(case) for case in cases if case.destroyed or case.wrong]
    assert not bad, "\n".join(bad)


def test_the_seeds_tell_every_lie_and_some_truth(past: Past) -> None:
    """No kind of lie, no history, and no truth that has to arrive is missing from the cases of the short form."""
    chosen = [drawn(seed, past.histories.values()) for seed in range(SHORT)]
    told = {name for _, names in chosen for name in names}
    assert told == set(LIES)
    assert {history.name for history, _ in chosen} == set(past.histories)
    assert sum(all(LIES[name].harmless for name in names) for _, names in chosen) > SHORT // 6


def lived(past: Past, seed: int) -> Case:
    """Tell the lies of a seed, run, and look at what became of FMG; every tenth time the source then tells the truth again."""
    history, names = drawn(seed, past.histories.values())
    past.middle.change = as_it_is
    random = Random(f"{seed} lies")
    paging = random.choice(["search", "search", "report"])
    case = Case(seed, [], f"{history.name}, by {paging}", harmless=all(LIES[name].harmless for name in names))
    case.cut = any(LIES[name].cuts for name in names)
    with relived(history, seed, source_url=past.middle.url, paging=paging) as world:
        stage = Stage(world, past.middle, history, random, Truth.now(world, history.scope), holding(world))
        case.told += [f"{name} ({LIES[name].threat}): {LIES[name].tell(stage)}" for name in names]
        past.traffic.forget()
        status = _run(world, case, stage)
        _judge(case, stage, status, len(past.traffic.writes))
        if seed % 10 == 0 and status not in DELIVERED and not history.own:
            _tell_the_truth_again(past, case, stage)
    return case


def _run(world: SmallWorld, case: Case, stage: Stage) -> RunStatus:
    try:
        row = world.run(**stage.arguments)
    except CrosswalkError as error:
        case.ended = error.code
        return RunStatus.FAILED
    case.ended = " ".join([row.status.value, *(hold["code"] for hold in row.holds)])
    return row.status


def _judge(case: Case, stage: Stage, status: RunStatus, writes: int) -> None:
    after = holding(stage.world)
    case.destroyed = destroyed(after, stage.before, stage.truth)
    if status in DELIVERED:
        case.wrong += differences(after, stage.before, stage.truth)
    else:
        case.wrong += [f"{writes} writes"] if writes else []
        case.wrong += [] if after.same_list(stage.before) else ["the list is another"]
    if case.harmless and status not in ({RunStatus.HELD} if stage.history.own else DELIVERED):
        case.wrong.append("the truth did not arrive")
    if stage.history.own and status in DELIVERED:
        case.wrong.append("nobody consented")


def _tell_the_truth_again(past: Past, case: Case, stage: Stage) -> None:
    """Nothing stays behind of a lie: the next run over a truthful source delivers it."""
    past.middle.change = as_it_is
    stage.history.kept.restore()
    redo_edits(stage.history, stage.world, case.seed)
    before: Holding = holding(stage.world)
    stage.arguments.clear()
    if _run(stage.world, case, stage) not in DELIVERED:
        case.wrong.append("the truth did not arrive afterwards")
    case.wrong += [f"afterwards: {one}" for one in differences(holding(stage.world), before, stage.truth)]
