"""The real account beside the model of it: every act is done in both, and they must agree on how it ends and on what FMG holds."""

from __future__ import annotations

import csv
import io
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crosswalk.core.model import RunKey, RunStatus
from crosswalk.engine.context import Run, Trigger
from crosswalk.engine.extract import extract
from crosswalk.engine.in_process import IN_PROCESS
from crosswalk.engine.retry import rejected_now
from crosswalk.errors import CrosswalkError
from crosswalk.store.runs import RunRow
from crosswalk.store.store import Store
from reliability.order_account import AccountModel, Began
from reliability.order_edits import Edits, office_of
from reliability.order_model import Listing
from reliability.small_world import SmallWorld
from reliability.truth import holding
from world import INTEGRATION

ACCOUNT = "summit"
Only = frozenset[str] | None
PAUSE = 1000
"""Seconds after which any lease ran out."""


class OrderedOffice:
    """One example of the order machine. ahead: how much later it is than the clock says."""

    def __init__(self, world: SmallWorld) -> None:
        self.world = world
        self.ahead = 0
        world.store = Store(world.store.engine, lambda: time.time() + self.ahead)
        start = world.fmg_account()
        self.model = AccountModel(office_of(world), Listing.of(holding(world)), self._plan_hash, revision=start["revision"])
        self.edits = Edits(world, self.model)
        self.nights = 0
        self.handed_out = 0
        self.holders = _holders(self.model.listing)

    # what people and the scheduler do

    def run(self, kind: str, answer: bool | None) -> None:
        """A whole run: "run", "full", "dry" or "retry"; answer: what a person says when it is held, None: nothing."""
        only = rejected_now(self.world.store, INTEGRATION, ACCOUNT) if kind == "retry" else None
        if kind == "retry" and not only:
            return
        self.nights += 1
        name = f"{kind} {self.nights}"
        how = {"dry_run": kind == "dry", "full_resync": kind == "full", "only": only, "interval": night(self.nights)}
        self._run(name, kind, answer, lambda: self.world.run(name, approve=_says(answer), **how), night=self.nights, only=only)

    def begin(self) -> None:
        """Only extract is done; the next task waits for a worker."""
        self.nights += 1
        name = f"begun {self.nights}"
        account = self.world.account()
        start, end = night(self.nights)
        run = Run.begin(
            account.settings, account.spec, account.store, account.zone, Trigger(IN_PROCESS, name, interval_start=start, interval_end=end)
        )
        expected = self.model.busy(name)
        self._ends(expected, lambda: extract(run, account.source, account.target))
        if not expected:
            self.model.begin(run.key, name, "run", night=self.nights)
        self.agree()

    def clear(self, place: int, step: str, answer: bool | None) -> None:
        """What clearing a task does, of any run there was; of a run that never came to the task, the first one it needs."""
        if not self.model.runs:
            return
        run = self.model.runs[place % len(self.model.runs)]

        def act() -> RunRow:
            return self.world.account().clear(run.key, step, approve=_says(answer), full_resync=run.kind == "full")

        if step == "extract" and run.kind in ("run", "full", "dry"):
            self._run(run.name, run.kind, answer, act, night=run.night)
            return
        if run.plan is None:
            step = "validate"
        elif run.kind == "undo":
            step = "load"
        elif step == "extract":
            step = "transform"
        row = self._ends_as(act, lambda: self.model.go_on(run, step, answer))
        self._look_at(run, row)
        self.agree()

    def approve_later(self, place: int) -> None:
        """A person answers a held run whatever happened since."""
        held = [number for number, run in enumerate(self.model.runs) if run.held]
        if held:
            self.clear(held[place % len(held)], "approve", True)

    def replay(self, place: int) -> None:
        """A backfill of a night, also of one for which nothing was landed."""
        wanted = place % (self.nights + 1) + 1
        landed = [run for run in self.model.runs if run.night == wanted]
        before = self.world.writes()
        row = self.world.account().replay(f"backfill {wanted}", night(wanted))
        assert (row is not None) == bool(landed), f"the backfill of night {wanted}: {row}"
        if row is not None:
            assert row.status is RunStatus.REPLAYED
            assert row.replays in [run.key.snapshot for run in landed]
            self._rises(row.key)
            self._one_outcome_each(row.key, next(run for run in landed if run.key.snapshot == row.replays))
        assert self.world.writes() == before, "a backfill wrote"
        self.agree()

    def undo(self, generation: int | None, dry: bool) -> None:
        """Put an earlier list back."""
        self.nights += 1
        name = f"undo {self.nights}"
        refused = self.model.busy(name) or self.model.undo_refused(generation)
        listing = self.model.listing
        if refused:
            self._ends(refused, lambda: self.world.undo(name, generation=generation, dry_run=dry))
            self.agree()
            return
        planned: list[Began] = []

        def foresee(key: RunKey) -> str:
            run = self.model.begin(key, name, "undo", dry=dry)
            self.model.undo(run, generation)
            planned.append(run)
            return self.model.go_on(run, "load", None)

        row = self._ends_as(lambda: self.world.undo(name, generation=generation, dry_run=dry), lambda: foresee(self._newest_key()))
        self._look_at(planned[0], row)
        self.agree()
        assert self.model.listing.opt_outs >= listing.opt_outs

    def pause(self) -> None:
        """Nothing happens for longer than any lease lasts."""
        self.ahead += PAUSE
        self.model.lease = ""

    # how both are compared

    def _run(self, name: str, kind: str, answer: bool | None, act: Callable[[], RunRow], *, night: int | None, only: Only = None) -> None:
        busy = self.model.busy(name)
        if busy:
            self._ends(busy, act)
            self.agree()
            return
        begun: list[Began] = []

        def foresee() -> str:
            begun.append(self.model.begin(self._newest_key(), name, kind, dry=kind == "dry", night=night, only=only))
            if kind == "retry" and self.model.first:
                self.model.lease = ""
                return "RETRY_TOO_EARLY"
            return self.model.go_on(begun[0], "validate", answer)

        row = self._ends_as(act, foresee)
        self._look_at(begun[0], row)
        self.agree()

    def _ends(self, expected: str, act: Callable[[], object]) -> None:
        self._ends_as(act, lambda: expected)

    def _ends_as(self, act: Callable[[], object], foresee: Callable[[], str]) -> RunRow | None:
        """Do an act; then say what was to be expected of it, since a plan is named by the store."""
        before, commits = self.world.writes(), self.model.commits
        row, code = None, ""
        try:
            done = act()
            row = done if isinstance(done, RunRow) else None
        except CrosswalkError as error:
            code = error.code
        expected = foresee()
        assert code == expected, f"it ended with {code or 'no error'}, expected was {expected or 'no error'}"
        if self.model.commits == commits and code not in ("TGT_LIST_CHANGED", "TGT_EMAIL_NOT_UNIQUE"):
            assert self.world.writes() == before, "it wrote although nothing was to be written"
        return row

    def _plan_hash(self, key: RunKey) -> str:
        return self.world.store.runs.get(key).plan_hash

    def _newest_key(self) -> RunKey:
        key = self.world.store.runs.latest(INTEGRATION, ACCOUNT, 1)[0].key
        self._rises(key)
        return key

    def _rises(self, key: RunKey) -> None:
        assert key.snapshot > self.handed_out, "a snapshot number was given twice"
        self.handed_out = key.snapshot

    def _look_at(self, run: Began, row: RunRow | None) -> None:
        stored = self.world.store.runs.get(run.key)
        assert (stored.delivered_at is not None) == run.delivered, f"{run.name}: {stored.status}"
        if run.plan is not None and not run.delivered and stored.plan_hash:
            codes = {hold["code"] for hold in stored.holds}
            assert codes == run.plan.holds, f"{run.name} is held by {sorted(codes)}, expected were {sorted(run.plan.holds)}"
        if run.kind != "undo" and row is not None and (run.delivered or run.dry):
            self._one_outcome_each(run.key, run)

    def _one_outcome_each(self, key: RunKey, run: Began) -> None:
        folder = self.world.zone.report_folder(key)
        report = json.loads(folder.read_bytes("report.json"))
        assert all(one["adds_up"] for one in report["sums"]), report["sums"]
        rows = csv.DictReader(io.StringIO(folder.read_bytes("plan.csv").decode()))
        times = Counter(row["source_id"] for row in rows if row["outcome"] != "delete" and row["source_id"])
        wrong = [one for one in run.office.ids if times[one] != 1]
        assert not wrong, f"source records without exactly one outcome: {wrong}"

    def agree(self) -> None:
        """FMG is as the model says; numbers only rise, no opt-out is lost, and the audit chain is whole."""
        model, now = self.model, holding(self.world)
        found = Listing.of(now)
        named = self._with_ids(model.listing, found)
        back = {one: record for one, record in named.people.items() if one not in model.listing.people}
        model.listing = named
        model.came_back(back)
        expected = model.listing
        assert found.people == expected.people, _unlike(found.people, expected.people)
        assert found.groups == expected.groups, _unlike(found.groups, expected.groups)
        assert found.opt_outs == expected.opt_outs, "the opt-outs differ"
        account = self.world.fmg_account()
        got = (account["generation"], account["last_snapshot"], account["revision"])
        assert got == (model.generation, model.last_snapshot, model.revision), f"generation, snapshot, revision are {got}"
        self.holders |= {one: holder for one, holder in _holders(found).items() if holder or one not in self.holders}

    def _with_ids(self, listing: Listing, found: Listing) -> Listing:
        """Give the new records of the model the ids FMG has them under: fresh ones, or their own of before, never another's."""
        people = {one["source_id"]: contact_id for contact_id, one in found.people.items()}
        groups = {source_id: group_id for group_id, (source_id, _) in found.groups.items()}
        named = {one: people.get(one.removeprefix("new "), one) if one.startswith("new ") else one for one in listing.people}
        begun = {contact_id: one.removeprefix("new ") for one, contact_id in named.items() if one != contact_id}
        reused = [contact_id for contact_id, source_id in begun.items() if self.holders.get(contact_id, source_id) != source_id]
        assert not reused, f"ids were given to others: {reused}"
        return replace(
            listing,
            people={named[one]: record for one, record in listing.people.items()},
            groups={groups.get(one.removeprefix("new "), one): group for one, group in listing.groups.items()},
        )


def _holders(listing: Listing) -> dict[str, object]:
    """FMG's contact ids with the source record each stands for, "" for nobody's."""
    return {contact_id: one["source_id"] for contact_id, one in listing.people.items()}


def night(number: int) -> tuple[datetime, datetime]:
    """The data interval of a night."""
    start = datetime(2026, 1, 1, 2, tzinfo=UTC) + timedelta(days=number)
    return start, start + timedelta(days=1)


def _says(answer: bool | None) -> Callable[[Run], bool] | None:
    return None if answer is None else lambda _run: answer


def _unlike(found: dict[str, object] | object, expected: object) -> str:
    assert isinstance(found, dict)
    assert isinstance(expected, dict)
    both = {one: (found.get(one), expected.get(one)) for one in found.keys() | expected.keys() if found.get(one) != expected.get(one)}
    return "FMG holds and should hold: " + "; ".join(f"{one}: {pair[0]} / {pair[1]}" for one, pair in sorted(both.items()))
