"""Which of an account's runs may write, and what they must leave: leases, fences, approvals and undone deliveries, as design says it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from crosswalk.core.model import RunKey
from reliability.order_model import Listing, Office, Plan, Record, Wishes, plan_delivery, plan_undo

STEPS = ("extract", "validate", "transform", "approve", "load")


@dataclass
class Began:
    """One run: what it saw, and how far it came. undone: whether the list it saw was put back by an undo."""

    key: RunKey
    name: str
    kind: str
    office: Office
    listing: Listing
    revision: int
    generation: int
    undone: bool
    dry: bool = False
    replays: bool = False
    only: Collection[str] | None = None
    night: int | None = None
    plan: Plan | None = None
    approved: str | None = None
    sent: bool = False
    delivered: bool = False

    @property
    def held(self) -> bool:
        return bool(self.plan and self.plan.holds) and not self.dry and not self.delivered


@dataclass
class AccountModel:
    """The account as it must be. `plan_hash`: reads a run's hash; it says which plan was approved, and nothing else is read of it."""

    office: Office
    listing: Listing
    plan_hash: Callable[[RunKey], str]
    generation: int = 0
    revision: int = 0
    last_snapshot: int = 0
    newest: int = 0
    lease: str = ""
    undone: bool = False
    delivered: set[str] = field(default_factory=set)
    wishes: Wishes = field(default_factory=Wishes)
    before: dict[int, Listing] = field(default_factory=dict)
    runs: list[Began] = field(default_factory=list)
    commits: int = 0

    @property
    def first(self) -> bool:
        return self.generation == 0

    def busy(self, name: str) -> str:
        """Why a new run of this name cannot begin, "" when it can."""
        return "ACCOUNT_BUSY" if self.lease not in ("", name) else ""

    def begin(self, key: RunKey, name: str, kind: str, **how: object) -> Began:
        """A run that read both sides now; the account stays with it until it ends or waits."""
        run = Began(key, name, kind, self.office, self.listing, self.revision, self.generation, self.undone, **how)  # type: ignore[arg-type]
        self.runs.append(run)
        self.lease = name
        return run

    def undo(self, run: Began, generation: int | None) -> None:
        """Plan a run that puts an earlier list back."""
        wanted = self.generation if generation is None else generation + 1
        run.plan = plan_undo(self.before[wanted], run.listing)

    def undo_refused(self, generation: int | None) -> str:
        """Why nothing can be undone."""
        if not self.generation:
            return "UNDO_NOTHING"
        return "" if generation is None or 0 <= generation < self.generation else "UNDO_UNKNOWN"

    def go_on(self, run: Began, step: str, answer: bool | None) -> str:
        """Do `step` and those after it; return the code of the error it must end with, "" for none."""
        steps = STEPS[STEPS.index(step) :]
        if {"validate", "transform"} & set(steps) and not (run.delivered or run.replays):
            if code := self._refused(run):
                return code
            self._replan(run)
        if run.replays:
            return ""
        if "approve" in steps and run.held:
            self._release(run)
            if answer is None:
                return ""
            run.approved = self._hash(run) if answer else None
        return self._load(run)

    def _hash(self, run: Began) -> str:
        """Named by the row; a plan made anew without the same reasons is another one."""
        return self.plan_hash(run.key)

    def _replan(self, run: Began) -> None:
        self.lease = run.name
        if not run.sent:
            facts = {"first": run.generation == 0, "undone": run.undone, "only": run.only}
            run.plan = plan_delivery(run.office, run.listing, self.delivered, self.wishes, **facts)  # type: ignore[arg-type]

    def _refused(self, run: Began) -> str:
        """Why the run cannot hold the account."""
        return "STALE_SNAPSHOT" if run.key.snapshot < self.newest else self.busy(run.name)

    def _release(self, run: Began) -> None:
        if self.lease == run.name:
            self.lease = ""

    def _load(self, run: Began) -> str:
        if run.delivered:
            return ""
        if code := self._refused(run):
            return code
        self._release(run)
        if run.dry:
            return ""
        plan = run.plan
        assert plan is not None
        if plan.holds and (run.approved is None or run.approved != self._hash(run)):
            return "PLAN_NOT_APPROVED"
        if plan.holds and not run.sent and run.office != self.office:
            return "PLAN_OUTDATED"
        self.newest = max(self.newest, run.key.snapshot)
        self.wishes = self.wishes.also(run.listing, self.listing.opt_outs)
        writes = bool(plan.changes) or run.kind == "full" or run.generation == 0
        if run.generation != self.generation or (writes and run.revision != self.revision):
            return "TGT_LIST_CHANGED"
        if writes:
            run.sent = True
            if plan.clash:
                return "TGT_EMAIL_NOT_UNIQUE"
            self._commit(run, plan)
        self._finish(run, plan, writes)
        return ""

    def _commit(self, run: Began, plan: Plan) -> None:
        self.commits += 1
        self.generation += 1
        self.revision += 1
        self.last_snapshot = run.key.snapshot
        self.undone = run.kind == "undo"
        self.before[self.generation] = run.listing
        told = plan.told(self.wishes, whole=run.kind == "full" or run.generation == 0)
        self._tell(plan.after, told)

    def came_back(self, people: Mapping[str, Record]) -> None:
        """Records that were new to the list just now, by the FMG ids it has them under: one that opted out under its id stays so."""
        back = {one["email"].casefold() for contact_id, one in people.items() if contact_id in self.wishes.contact_ids}
        self._tell(self.listing, frozenset(back - {""}))

    def _tell(self, listing: Listing, told: frozenset[str]) -> None:
        self.listing = replace(listing, opt_outs=self.listing.opt_outs | told)
        self.wishes = replace(self.wishes, emails=self.wishes.emails | told)

    def _finish(self, run: Began, plan: Plan, writes: bool) -> None:
        run.delivered = True
        there = (self.listing if writes else run.listing).source_ids
        self.delivered = (self.delivered | plan.delivered) & there
