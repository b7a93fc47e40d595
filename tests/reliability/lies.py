"""The lies a source may tell (threats T1 to T15), and which of them one seed composes.

A lie is seen through by one read, or only over a delivered list; one that nobody could tell from the truth is no test: what leaves the
list is always more than the account lets pass unseen (histories.FLOOR). After a harmless one the run has to deliver the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from reliability import answer_lies, office_lies
from reliability.histories import History
from reliability.stage import Stage

Tell = Callable[[Stage], str]


@dataclass(frozen=True)
class Lie:
    """One kind of lie. needs: what a history has to have for it ("delivered", "scope"); cuts: whether it shortens the list.

    office: whether it changes the office itself, which one lie of a case may do.
    """

    threat: str
    tell: Tell
    harmless: bool = False
    needs: tuple[str, ...] = ()
    cuts: bool = False
    office: bool = False

    def fits(self, history: History) -> bool:
        return all(getattr(history, name) for name in self.needs)


def _window(stage: Stage) -> str:
    end = datetime(2026, 1, 5, 3, tzinfo=UTC) - timedelta(days=stage.random.randint(0, 900))
    stage.arguments["interval"] = (end - timedelta(days=stage.random.choice([1, 7, 30])), end)
    return f"until {end:%Y-%m-%d}"


def _resync(stage: Stage) -> str:
    stage.arguments["full_resync"] = True
    return ""


def _nothing(stage: Stage) -> str:
    return ""


DELIVERED, SCOPED = ("delivered",), ("delivered", "scope")
LIES: dict[str, Lie] = {
    "zero records": Lie("T1", office_lies.zero_contacts, cuts=True, office=True),
    "zero groups": Lie("T1", office_lies.zero_groups, needs=DELIVERED, cuts=True, office=True),
    "zero records in the pages": Lie("T1", answer_lies.zero_pages, cuts=True),
    "an answer that is none": Lie("T2", answer_lies.false_answer),
    "an answer that is none, anywhere": Lie("T2", answer_lies.false_answer_anywhere),
    "an error that stays": Lie("T3", answer_lies.gives_up, cuts=True),
    "a short page": Lie("T4", answer_lies.short_page, cuts=True),
    "no flag": Lie("T4", answer_lies.no_flag, cuts=True),
    "no way on": Lie("T4", answer_lies.no_way_on, cuts=True),
    "an early end": Lie("T4", answer_lies.early_end, cuts=True),
    "no end": Lie("T5", answer_lies.endless, cuts=True),
    "a repeated page": Lie("T5", answer_lies.repeated, cuts=True),
    "records that move": Lie("T6", answer_lies.shift, cuts=True),
    "a cap": Lie("T7", office_lies.cap, needs=DELIVERED, cuts=True, office=True),
    "a cap on the pages": Lie("T7", answer_lies.cap_pages, cuts=True),
    "a cap on the pages of groups": Lie("T7", answer_lies.cap_groups, needs=DELIVERED, cuts=True),
    "half of the list": Lie("T7", office_lies.half, needs=DELIVERED, cuts=True, office=True),
    "an emptied group": Lie("T8", office_lies.empty_group, needs=DELIVERED, office=True),
    "a group gone": Lie("T8", office_lies.drop_group, needs=DELIVERED, office=True),
    "a renamed scope": Lie("T8", office_lies.rename_scope, needs=SCOPED, office=True),
    "a name taken over": Lie("T8", office_lies.swap_scope, needs=SCOPED, office=True),
    "another database": Lie("T10", office_lies.other_database, needs=DELIVERED, office=True),
    "a window": Lie("T12", _window, harmless=True),
    "a full resync": Lie("T12", _resync, harmless=True),
    "a field blank everywhere": Lie("T14", office_lies.blank_field, needs=DELIVERED, office=True),
    "a field gone": Lie("T14", answer_lies.field_gone),
    "a field gone on a page": Lie("T14", answer_lies.field_gone_on_a_page),
    "a cut answer": Lie("T3", answer_lies.cut_xml, cuts=True),
    "a cut answer, well formed": Lie("T4", answer_lies.cut_and_closed, cuts=True),
    "a wrong total": Lie("T7", answer_lies.wrong_total),
    "no right": Lie("T2", office_lies.no_rights, office=True),
    "another password": Lie("T2", office_lies.other_password, office=True),
    "a hiccup": Lie("T3", answer_lies.hiccup, harmless=True),
    "nothing": Lie("T13", _nothing, harmless=True),
}


def drawn(seed: int, histories: Collection[History]) -> tuple[History, list[str]]:
    """The history and the one to three lies of a seed. The seeds lead with one lie after another; every fourth tells harmless ones only.

    One lie of a case may change the office. In a scope, where nothing counts the list, one may cut it: two could undo each other all
    but unseen.
    """
    random = Random(seed)
    names = [name for name, lie in LIES.items() if lie.harmless or seed % 4]
    lead = names[seed // 4 % len(names)] if seed % 4 == 0 else names[seed % len(names)]
    history = random.choice([one for one in histories if LIES[lead].fits(one)])
    fitting = [name for name in names if LIES[name].fits(history) and name != lead]
    chosen = [lead]
    for name in random.sample(fitting, min(len(fitting), random.choice([0, 0, 1, 2]))):
        others, lie = [LIES[one] for one in chosen], LIES[name]
        office, cut = lie.office and any(one.office for one in others), lie.cuts and any(one.cuts for one in others)
        if not office and not (cut and history.scope):
            chosen.append(name)
    return history, chosen
