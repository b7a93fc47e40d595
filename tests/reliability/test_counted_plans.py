"""The plan is what happens (P7), and every record of either side has exactly one outcome (P11): random nights against the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest

from crosswalk.core.model import RunStatus
from crosswalk.core.plan import plan_entity
from crosswalk.errors import DataError
from crosswalk.sandbox.server import SandboxServer
from memory import MemoryOffice, MemorySource, club, person
from reliability.conftest import Scale, Tally
from reliability.plan_cases import Seen, effect, kept_as_rejected, night, one_outcome_each, predicted
from reliability.small_world import Kept, SmallWorld
from remembered import without_reports

pytestmark = pytest.mark.reliability

SEED = 7
NIGHTS = 10
"""Nights from one fresh list on; the first replaces it."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """An office of which nothing was delivered yet."""
    with SandboxServer(contacts=14, groups=3, seed=SEED) as box, without_reports():
        yield Kept.now(SmallWorld(box.url, tmp_path_factory.mktemp("plans") / "world"))


def outcome(world: SmallWorld, number: int) -> dict[str, bool]:
    """One night: the dry run's plan, then the real run; what held of it."""
    before, writes = Seen.now(world), world.writes()
    dry = world.run(f"dry {number}", dry_run=True)
    quiet = dry.status is RunStatus.DRY_RUN and Seen.now(world) == before and world.writes() == writes
    source = {"contact": [one["id"] for one in world.source_contacts()], "group": [one["id"] for one in world.source_groups()]}
    row = world.run(f"night {number}", approve=lambda _: True)
    plan, after = world.zone.folder(dry.key).read_frame("plan"), Seen.now(world)
    counts: dict[str, dict[str, int]] = row.counts["plan"]
    return {
        "the dry run writes nothing": quiet,
        "the same plan": dry.plan_hash == row.plan_hash,
        "the effect is the plan's": all(effect(one, before, after, kept_as_rejected(plan, one)) == predicted(plan, one) for one in source),
        "one outcome each": all(one_outcome_each(plan, one, source[one], list(before.of(one))) for one in source),
        "counts are kept": all(sum(counts[one].values()) - counts[one].get("delete", 0) == len(source[one]) for one in source),
    }


@pytest.mark.timeout(1800)
@pytest.mark.requirement("SAFE-6", "SAFE-8")
@pytest.mark.parametrize("part", range(4))
def test_the_plan_of_a_dry_run_is_what_happens_record_by_record(fresh: Kept, scale: Scale, tally: Tally, part: int) -> None:
    walks, failed, identities = scale(1, 25), [], []
    for walk in range(walks):
        random = Random(f"{SEED} {part} {walk}")
        with fresh.again() as world:
            for number in range(NIGHTS):
                night(world, random)
                held = outcome(world, number)
                wrong = [what for what, right in held.items() if not right]
                failed += [(walk, number, what) for what in wrong if what not in ("one outcome each", "counts are kept")]
                identities += [(walk, number, what) for what in wrong if what in ("one outcome each", "counts are kept")]
    nights = walks * NIGHTS
    tally("P7", "random nights, plan against effect", nights, len({one[:2] for one in failed}))
    tally("P11", "random nights, two identities each", nights, len({one[:2] for one in identities}))
    assert not failed + identities, f"seed {SEED}, part {part}: {(failed + identities)[:5]}"


def drop(plan: pd.DataFrame, place: int) -> pd.DataFrame:
    return plan.drop(index=place).reset_index(drop=True)


def repeat(plan: pd.DataFrame, place: int) -> pd.DataFrame:
    return pd.concat([plan, plan.iloc[[place]]], ignore_index=True)


def other_source(plan: pd.DataFrame, place: int) -> pd.DataFrame:
    return plan.assign(source_id=plan["source_id"].where(plan.index != place, "Contact.7.666"))


def other_target(plan: pd.DataFrame, place: int) -> pd.DataFrame:
    return plan.assign(target_id=plan["target_id"].where(plan.index != place, "c-666"))


def nobody(plan: pd.DataFrame, place: int) -> pd.DataFrame:
    return pd.concat([plan, plan.iloc[[place]].assign(source_id="", target_id="")], ignore_index=True)


@pytest.mark.requirement("SAFE-6")
@pytest.mark.parametrize("entity", ["contact", "group"])
@pytest.mark.parametrize("alter", [drop, repeat, other_source, other_target, nobody])
def test_a_plan_altered_by_one_row_fails(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tally: Tally,
    alter: Callable[[pd.DataFrame, int], pd.DataFrame],
    entity: str,
) -> None:
    office = MemoryOffice(tmp_path, MemorySource([person(number) for number in range(1, 7)], [club(1), club(2)]))
    with without_reports():
        office.run()
        writes = office.target.writes

        def altered(spec: Any, *arguments: Any, **more: Any) -> pd.DataFrame:
            plan = plan_entity(spec, *arguments, **more)
            return alter(plan, Random(f"{SEED} {entity}").randrange(len(plan))) if spec.name == entity else plan

        monkeypatch.setattr("crosswalk.engine.planning.plan_entity", altered)
        with pytest.raises(DataError) as caught:
            office.run()
    noticed = caught.value.code == "SUMS_DIFFER" and office.target.writes == writes
    tally("P11", "plans altered by one row", 1, int(not noticed))
    assert noticed
