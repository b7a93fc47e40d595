"""The named fault points of a run: where a kill is tried by name, and how the engine's functions are wrapped from outside to do it."""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Asked = Callable[[tuple[Any, ...], Mapping[str, Any]], bool]


def always(_args: tuple[Any, ...], _named: Mapping[str, Any]) -> bool:
    return True


def sets(*columns: str) -> Asked:
    """The call sets these columns of a run."""
    return lambda _args, named: set(columns) <= set(named)


def file(*names: str) -> Asked:
    """The call writes a file, frame or page of one of these names; args are the folder and the name."""
    return lambda args, _named: args[1] in names


def landed(*names: str) -> Asked:
    """As `file`, in the data of a snapshot, not in its report."""
    return lambda args, _named: args[1] in names and "/reports/" not in args[0].uri(args[1])


def page_of(side: str) -> Asked:
    """The call lands a page of one side."""
    return lambda args, _named: str(args[1]).startswith(f"{side}_")


@dataclass(frozen=True)
class FaultPoint:
    """A name, the function that is the point ("module:Class.method" or "module:function"), and which of its calls count.

    never_in: scenarios that do not come by; in all others a point that never fires fails the test.
    """

    name: str
    place: str
    counts: Asked = always
    never_in: tuple[str, ...] = ()


PLANNING = ("undo",)
"""Scenarios that read no source and decide nothing: the plan is the list as it was."""

POINTS = (
    FaultPoint("run begun", "crosswalk.store.runs:Runs.begin"),
    FaultPoint("account bound", "crosswalk.store.bindings:Bindings.bind", never_in=PLANNING),
    FaultPoint("lease taken", "crosswalk.store.leases:Leases.acquire"),
    FaultPoint("source page landed", "crosswalk.landing.folder:Folder.write_page", page_of("source"), never_in=PLANNING),
    FaultPoint("target page landed", "crosswalk.landing.folder:Folder.write_page", page_of("target")),
    FaultPoint("manifest sealed", "crosswalk.landing.folder:Folder.seal"),
    FaultPoint("rules landed", "crosswalk.landing.folder:Folder.write_bytes", landed("rules.json"), never_in=PLANNING),
    FaultPoint("rejections written", "crosswalk.landing.folder:Folder.write_frame", file("rejected", "rejected_all"), never_in=PLANNING),
    FaultPoint("plan landed", "crosswalk.landing.folder:Folder.write_frame", file("plan")),
    FaultPoint("strangers exported", "crosswalk.landing.folder:Folder.write_bytes", file("target_only_contacts.csv"), never_in=PLANNING),
    FaultPoint("plan recorded", "crosswalk.store.runs:Runs.update", sets("plan_hash")),
    FaultPoint("rejected recorded", "crosswalk.store.rejected:Rejected.record", never_in=PLANNING),
    FaultPoint("approval recorded", "crosswalk.store.runs:Runs.update", sets("approved_hash"), never_in=PLANNING),
    FaultPoint("approval audited", "crosswalk.store.audit:Audit.append"),
    FaultPoint("import opened", "crosswalk.systems.fmg.target:FmgTarget.open"),
    FaultPoint("batch intended", "crosswalk.store.ledger:Ledger.intend"),
    FaultPoint("batch sent", "crosswalk.systems.fmg.target:FmgDelivery.send"),
    FaultPoint("batch acknowledged", "crosswalk.store.ledger:Ledger.acknowledge"),
    FaultPoint("lease renewed", "crosswalk.store.leases:Leases.renew"),
    FaultPoint("commit", "crosswalk.systems.fmg.target:FmgDelivery.commit"),
    FaultPoint("read back", "crosswalk.engine.verify:verify"),
    FaultPoint("delivery finished", "crosswalk.store.ledger:Ledger.finish"),
    FaultPoint("lease released", "crosswalk.store.leases:Leases.release"),
    FaultPoint("step timed", "crosswalk.store.runs:Runs.update", sets("durations")),
    FaultPoint("report published", "crosswalk.reports.publish:publish"),
)
NAMES = [point.name for point in POINTS]

RECORD_POINTS = (
    FaultPoint("record written", "crosswalk.systems.emoney.client:EmoneyClient.write"),
    FaultPoint("links told", "crosswalk.features.announcements.announce:tell"),
    FaultPoint("choice kept", "crosswalk.features.announcements.chosen_links:choose_links"),
    FaultPoint("delivery opened", "crosswalk.systems.mindmatrix.target:MindmatrixTarget.open"),
    FaultPoint("contacts sent", "crosswalk.systems.mindmatrix.target:MindmatrixDelivery.send"),
    FaultPoint("files taken in", "crosswalk.features.inbound_files.file_log:FileLog.record"),
    FaultPoint("records sent", "crosswalk.systems.agent_crm.target:AgentCrmDelivery.send"),
    FaultPoint("record sent", "crosswalk.systems.agent_crm.client:AgentCrmClient.write"),
    FaultPoint("records counted", "crosswalk.systems.agent_crm.target:AgentCrmDelivery.commit"),
    FaultPoint("delivery ended", "crosswalk.systems.mindmatrix.target:MindmatrixDelivery.commit"),
    FaultPoint("operations landed", "crosswalk.landing.folder:Folder.write_bytes", file("operations.json")),
    FaultPoint("links decided", "crosswalk.features.linking.decision_log:DecisionLog.decide_each"),
    FaultPoint("record made or linked", "crosswalk.systems.flex.client:FlexClient.write"),
    FaultPoint("decisions carried out", "crosswalk.features.linking.decision_log:DecisionLog.carried_out"),
)
"""Points of a delivery record by record, beside those above."""


class Hits:
    """Counts how often each point was passed, over all threads, and kills this process at one of them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.kill: tuple[str, int, str] | None = None
        self._lock = threading.Lock()

    def passes(self, name: str) -> int:
        """The number of this hit, from 1."""
        with self._lock:
            self.counts[name] += 1
            return self.counts[name]

    def strike(self, name: str, hit: int, side: str) -> None:
        """Die here when this is the hit and the side ("before" or "after") that was asked for."""
        if self.kill == (name, hit, side):
            os.kill(os.getpid(), signal.SIGKILL)


def arm(hits: Hits) -> None:
    """Wrap the function of every point in this process. To be called once."""
    for point in (*POINTS, *RECORD_POINTS):
        _wrap(point, hits)


def _wrap(point: FaultPoint, hits: Hits) -> None:
    module_name, _, path = point.place.partition(":")
    owner: Any = importlib.import_module(module_name)
    *classes, name = path.split(".")
    for part in classes:
        owner = getattr(owner, part)
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*args: Any, **named: Any) -> Any:
        if not point.counts(args, named):
            return original(*args, **named)
        hit = hits.passes(point.name)
        hits.strike(point.name, hit, "before")
        answer = original(*args, **named)
        hits.strike(point.name, hit, "after")
        return answer

    setattr(owner, name, wrapped)
    if not classes:
        _replace_imports(original, wrapped)


def _replace_imports(original: object, wrapped: object) -> None:
    """Functions are imported by name: every module of the package that has the original gets the wrapped one."""
    for module in [found for name, found in sys.modules.items() if name.startswith("crosswalk.")]:
        for name, value in list(vars(module).items()):
            if value is original:
                setattr(module, name, wrapped)
