"""One run an account (P14), and no stale run wins (P15): eight that begin at the same instant, and five loaded in every order."""

from __future__ import annotations

import json
import multiprocessing
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.engine.context import Run, Trigger
from crosswalk.engine.extract import extract
from crosswalk.engine.transform import transform
from crosswalk.engine.validate import validate
from crosswalk.errors import CrosswalkError, Fenced
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.database import connect
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store
from crosswalk.systems.fmg.target import FmgDelivery, FmgTarget
from crosswalk.wire import throttle
from reliability.conftest import Scale, Tally
from reliability.order_races import LONGEST, Wait, at_once
from reliability.small_world import Kept, SmallWorld
from reliability.truth import Holding, Truth, differences, holding
from unit.store.conftest import copy_migrated, url  # noqa: F401 - fixtures
from world import INTEGRATION

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(3600)]

TRIGGERS = ["scheduled", "manual", "api", "command line", "backfill 1", "backfill 2", "backfill 3", "asset triggered"]
ACCOUNT = "summit"


@dataclass(frozen=True)
class Told:
    """How one of several that began together ended. code: "" for the one that had the account; text: what the error says."""

    name: str
    snapshot: int
    code: str = ""
    text: str = ""


def wrong_in(round_: list[Told]) -> list[str]:
    """One ran, and all others were told of it by name and snapshot."""
    ran = [one for one in round_ if not one.code]
    if len(ran) != 1:
        return [f"{len(ran)} of {len(round_)} ran: {[one.code for one in round_]}"]
    named = f"in_process {ran[0].name} (snapshot {ran[0].snapshot})"
    return [f"{one.name} ended with {one.text}" for one in round_ if one.code and (one.code != "ACCOUNT_BUSY" or named not in one.text)]


class PatientTarget(FmgTarget):
    """Opens its delivery only after every other process is through."""

    others: Callable[[], None]

    def open(self, *, mode: str, snapshot: int, base_revision: int, source: Mapping[str, Any]) -> FmgDelivery:
        self.others()
        return super().open(mode=mode, snapshot=snapshot, base_revision=base_revision, source=source)


@pytest.mark.requirement("SAFE-4")
def test_of_eight_whole_runs_at_once_one_runs(tmp_path_factory: pytest.TempPathFactory, scale: Scale, tally: Tally) -> None:
    with SandboxServer(contacts=24, groups=4, seed=3) as box:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("race") / "world")
        world.run("first")
        for contact in world.source_contacts()[:5]:
            world.source_contact(contact["id"], Greeting="Changed")
        kept, truth, before = Kept.now(world), Truth.now(world), holding(world)
        rounds = scale(3, 40)
        wrong = [found for _ in range(rounds) if (found := _race(kept, truth, before))]
    tally("P14", "eight processes at the same instant, whole runs", rounds, len(wrong))
    assert not wrong, wrong


def _race(kept: Kept, truth: Truth, before: Holding) -> list[str]:
    """One round; says what was wrong with it."""
    with kept.again() as world:
        world.store.engine.dispose()
        through = multiprocessing.get_context("fork").Semaphore(0)

        def work(name: str, wait: Wait) -> Any:
            throttle.forget_throttles()
            mine = SmallWorld(world.url, world.folder)
            account = mine.account()
            patient = PatientTarget(account.target._client)  # type: ignore[attr-defined]
            patient.others = lambda: _all_through(through, len(TRIGGERS) - 1)
            object.__setattr__(account, "target", patient)
            wait()
            try:
                row = account.run(name)
                return [name, row.key.snapshot, "" if row.status in (RunStatus.SUCCESS, RunStatus.PARTIAL) else row.status.value, ""]
            except CrosswalkError as error:
                newest = mine.store.runs.of_trigger(INTEGRATION, ACCOUNT, "in_process", name)[0]
                return [name, newest.key.snapshot, error.code, str(error)]
            finally:
                through.release()

        told = [Told(*one) for one in at_once(TRIGGERS, work)]
        wrong = wrong_in(told) + differences(holding(world), before, truth)
        ran = next((one.snapshot for one in told if not one.code), 0)
        account = world.control("GET", f"/fmg/accounts/{world.fmg}")
        jobs = {number: job for number, job in account["imports"].items() if job["snapshot"] > 1}
        wrong += [] if [job["snapshot"] for job in jobs.values()] == [ran] else [f"imports of {jobs}, {ran} ran"]
        written = [
            one["path"] for one in world.control("GET", "/requests")["requests"] if one["system"] == "fmg" and one["method"] != "GET"
        ]
        wrong += [f"a write to {path}" for path in written if not (path.endswith("/imports") or _job_of(path) in jobs)]
        return wrong + ([] if written else ["nothing was written"])


def _all_through(through: Any, count: int) -> None:
    for _ in range(count):
        assert through.acquire(timeout=LONGEST), "another run is under way as well"


def _job_of(path: str) -> str:
    return "".join(re.findall(r"/imports/([^/]+)/", path))


@pytest.mark.requirement("SAFE-4")
def test_of_eight_who_take_the_lease_at_once_one_gets_it(
    url: str,  # noqa: F811
    copy_migrated: Callable[[str], None],  # noqa: F811
    scale: Scale,
    tally: Tally,
) -> None:
    """The same on the store alone, on every database at hand: who gets the account keeps it until all have asked."""
    copy_migrated(url)
    rounds = scale(50, 1000)

    def work(name: str, wait: Wait) -> Any:
        store = Store(connect(url))
        return [_ask(store, name, wait) for _ in range(rounds)]

    asked = at_once(TRIGGERS, work)
    told = [[Told(*answers[number]) for answers in asked] for number in range(rounds)]
    wrong = [found for round_ in told if (found := wrong_in(round_))]
    kind = "PostgreSQL" if url.startswith("postgresql") else "SQLite"
    tally("P14", f"eight processes at the same instant, lease on {kind}", rounds, len(wrong))
    assert not wrong, wrong[:5]
    assert len({one.name for round_ in told for one in round_ if not one.code}) > 1, "always the same one is first: this is no race"


def _ask(store: Store, name: str, wait: Wait) -> list[Any]:
    wait()
    key = store.runs.begin(
        INTEGRATION,
        ACCOUNT,
        dag_id="in_process",
        run_id=name,
        map_index=-1,
        try_number=1,
        interval_start=None,
        interval_end=None,
        dry_run=False,
        settings_digest="",
    )
    lease, told = None, [name, key.snapshot]
    try:
        lease = store.leases.acquire(key, f"in_process {name}", 60)
    except Fenced as error:
        told += [error.code, str(error)]
    wait()
    if lease is not None:
        store.leases.renew(lease, 60)
        store.leases.release(lease)
    return told


@dataclass(frozen=True)
class Five:
    """Five runs that extracted, validated and planned, one after another with edits between, and delivered nothing yet."""

    kept: Kept
    rows: list[RunRow]
    before: Holding
    truths: list[Truth]


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Five]:
    with SandboxServer(contacts=24, groups=4, seed=3) as box:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("five") / "world")
        world.run("first")
        before, rows, truths = holding(world), [], []
        for number in range(5):
            _edit(world, number)
            rows.append(_planned(world, f"run {number}"))
            truths.append(Truth.now(world))
        yield Five(Kept.now(world), rows, before, truths)


def _edit(world: SmallWorld, number: int) -> None:
    """A field, somebody new, somebody gone who was in no group: nothing that holds a run."""
    contacts = world.source_contacts()
    gone = [one["id"] for one in contacts[1:] if not one["TagGroups"]][number]
    world.source_contact(contacts[0]["id"], Greeting=f"Edit {number}")
    new = {"id": f"Contact.7.{9000 + number}", "LastName": "New", "PreferredEmail.Address": f"new{number}@added.example"}
    world.control("POST", f"/smartoffice/offices/{world.office}/contacts", **{**contacts[0], **new})
    world.control("DELETE", f"/smartoffice/offices/{world.office}/contacts/{gone}")


def _planned(world: SmallWorld, name: str) -> RunRow:
    """A run up to the task before load, whose worker is then lost: its lease is given back."""
    account = world.account()
    run = Run.begin(account.settings, account.spec, account.store, account.zone, Trigger("in_process", name))
    extract(run, account.source, account.target)
    validate(run)
    transform(run)
    lease = account.store.leases.acquire(run.key, run.holder, 60)
    account.store.leases.release(lease)
    row = account.store.runs.get(run.key)
    assert not row.holds
    return row


@pytest.mark.requirement("SAFE-4", "CARD-8")
def test_five_runs_loaded_in_every_order_end_in_the_newest_that_wrote(five: Five, scale: Scale, tally: Tally) -> None:
    orders = list(permutations(range(5)))[:: scale(6, 1)]
    wrong = {order: found for order in orders if (found := _loaded(five, order))}
    tally("P15", "orders in which five runs are loaded", len(orders), len(wrong))
    assert not wrong, json.dumps({str(order): found for order, found in wrong.items()}, indent=1)


def _loaded(five: Five, order: tuple[int, ...]) -> list[str]:
    """Load in this order; what finds the list changed is cleared from extract on, as the error says."""
    wrong: list[str] = []
    with five.kept.again() as world:
        newest, truth = 0, five.truths[order[0]]
        for number in order:
            key = five.rows[number].key
            writes = world.writes()
            code = _code(lambda key=key: world.account().clear(key, "load"))  # type: ignore[misc]
            expected = "STALE_SNAPSHOT" if key.snapshot < newest else "TGT_LIST_CHANGED" if newest else ""
            wrong += [] if code == expected else [f"run {number} ended with {code or 'no error'}, not {expected or 'none'}"]
            if not code:
                newest, truth = key.snapshot, five.truths[number]
            elif code == "TGT_LIST_CHANGED":
                row = world.account().clear(key, "extract")
                newest, truth = row.key.snapshot, five.truths[-1]
            elif world.writes() != writes:
                wrong.append(f"run {number} wrote although it is stale")
            wrong += [f"after run {number}: {one}" for one in differences(holding(world), five.before, truth)]
        wrong += [f"in the end: {one}" for one in differences(holding(world), five.before, five.truths[-1])]
        numbers = world.fmg_account()["last_snapshot"]
        return wrong + ([] if numbers == newest else [f"FMG was last given snapshot {numbers}, not {newest}"])


def _code(act: Callable[[], RunRow]) -> str:
    try:
        act()
    except CrosswalkError as error:
        return error.code
    return ""


@pytest.mark.requirement("SAFE-4")
def test_a_run_with_nothing_to_do_is_no_success_over_an_older_one(tmp_path_factory: pytest.TempPathFactory, tally: Tally) -> None:
    """Two runs wait for a worker longer than their leases last; the newer one saw nothing to do, the older one is loaded first."""
    with SandboxServer(contacts=24, groups=4, seed=3) as box:
        world = SmallWorld(box.url, tmp_path_factory.mktemp("overtaken") / "world")
        world.run("first")
        someone, before = world.source_contacts()[0], holding(world)
        world.source_contact(someone["id"], Greeting="For an hour only")
        older = _planned(world, "older")
        world.source_contact(someone["id"], Greeting=someone["Greeting"])
        newer = _planned(world, "newer")
        assert world.account().clear(older.key, "load").delivered_at
        code = _code(lambda: world.account().clear(newer.key, "load"))
        delivered = world.store.runs.get(newer.key).delivered_at is not None
        wrong = differences(holding(world), before, Truth.now(world)) if delivered else []
        tally("P15", "a newer run with nothing to do, loaded after an older one", 1, len(wrong))
        assert not wrong, f"the newest delivered snapshot is {newer.key.snapshot}, and FMG {wrong}"
        assert code
        assert not delivered
        assert world.account().clear(newer.key, "extract").delivered_at
        assert not differences(holding(world), before, Truth.now(world))
        assert world.undo("undo").delivered_at
