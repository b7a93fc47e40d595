"""What people decided about records, and the links that come of it: asked once, never overwritten unseen, undone by another decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select, update

from crosswalk.core.model import RunKey
from crosswalk.errors import PermanentError
from crosswalk.features.linking.decisions import FATES, Decision, Kind, Standing, Wish, fate, in_force, standing
from crosswalk.store import run_sequence as snapshots
from crosswalk.store.database import reading, writing
from crosswalk.store.tables import decision, link


@dataclass(frozen=True)
class Taken:
    """What came of several wishes: the decisions taken, and why the others were not, by wish."""

    decisions: tuple[Decision, ...]
    refused: tuple[tuple[Wish, PermanentError], ...]


class DecisionLog:
    """The decisions and links of every account. Two reviewers take turns: the later one is told what the other decided."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def decide(self, integration: str, account: str, wish: Wish, by: str) -> Decision:
        """Take one decision.

        Raises PermanentError DECIDED_MEANWHILE (another decided about this record since it was seen), DECIDED_ALREADY (it is linked or
        imported: undo that first) or TARGET_TAKEN (another record is linked with this one).
        """
        taken = self.decide_each(integration, account, [wish], by)
        for _, error in taken.refused:
            raise error
        return taken.decisions[0]

    def decide_each(self, integration: str, account: str, wishes: Sequence[Wish], by: str) -> Taken:
        """Take several decisions in one transaction, in their order; one that is refused leaves the others alone."""
        now = datetime.now(UTC)
        refused: list[tuple[Wish, PermanentError]] = []
        made: list[Decision] = []
        with writing(self._engine, f"deciding about records of {integration}/{account}") as connection:
            snapshots.lock(connection, integration, account)
            number = _last_number(connection, integration, account)
            for wish in wishes:
                found = _objection(connection, integration, account, wish)
                if found is not None:
                    refused.append((wish, found))
                    continue
                number += 1
                one = Decision(number, wish.entity, wish.source_id, wish.target_id, wish.kind, wish.resource_type, by, now)
                _record(connection, integration, account, one)
                made.append(one)
        return Taken(tuple(made), tuple(refused))

    def undo(self, integration: str, account: str, number: int, by: str) -> Decision:
        """Take a decision back; what the target made of it is taken back by the next run.

        Raises PermanentError DECISION_GONE for one that is not there, is undone already or undoes another.
        """
        with writing(self._engine, f"undoing decision {number} of {integration}/{account}") as connection:
            snapshots.lock(connection, integration, account)
            old = _one(connection, integration, account, number)
            valid = old is not None and any(one.number == number for one in _of_record(connection, integration, account, old, force=True))
            if old is None or not valid:
                raise _gone(number)
            tied = _tie(connection, integration, account, old)
            last = _last_number(connection, integration, account)
            made = Decision(last + 1, old.entity, old.source_id, tied, Kind.UNDONE, "", by, datetime.now(UTC), number)
            _record(connection, integration, account, made)
            if old.kind in FATES:
                _retie(connection, integration, account, old)
        return made

    def history(self, integration: str, account: str, entity: str = "", source_id: str = "", *, after: int = 0) -> list[Decision]:
        """Read every decision, in order; of one entity, of one record, of those numbered above `after`."""
        wanted = {"entity": entity, "source_id": source_id}
        filters = [decision.c[name] == value for name, value in wanted.items() if value]
        query = select(decision).where(
            decision.c.integration == integration, decision.c.account == account, decision.c.number > after, *filters
        )
        with reading(self._engine, f"reading the decisions of {integration}/{account}") as connection:
            return [_decision(row._mapping) for row in connection.execute(query.order_by(decision.c.number))]

    def standing(self, integration: str, account: str, entity: str) -> Standing:
        """Work out what stands of one entity."""
        return standing(self.history(integration, account, entity), entity, self.made(integration, account, entity))

    def made(self, integration: str, account: str, entity: str, *, snapshot: int = 0) -> dict[str, str]:
        """Read who is linked with whom: source id → target id, an import once it is made. snapshot: carried out by this run alone."""
        filters = [link.c.made_snapshot == snapshot] if snapshot else []
        query = select(link.c.source_id, link.c.target_id).where(
            *_links(integration, account, entity), link.c.target_id.is_not(None), *filters
        )
        with reading(self._engine, f"reading the links of {integration}/{account}") as connection:
            return {row.source_id: row.target_id for row in connection.execute(query)}

    def carried_out(self, key: RunKey, entity: str, targets: Mapping[str, str]) -> None:
        """Record what the target made or linked: source id → target id. Safe to repeat; a record nobody decided about is left alone.

        An import that was undone while it was made is known to be tied to what was made, so that it is parted from it.
        """
        now = datetime.now(UTC)
        with writing(self._engine, f"recording the links of {key}") as connection:
            snapshots.lock(connection, key.integration, key.account)
            ours = tuple(_links(key.integration, key.account, entity))
            rows = connection.execute(select(link.c.source_id, link.c.made_at).where(*ours)).all()
            made = {row.source_id: row.made_at is not None for row in rows}
            for source_id, target_id in targets.items():
                if source_id not in made:
                    _tie_undone(connection, key, entity, source_id, target_id)
                elif not made[source_id]:
                    values = {"target_id": target_id, "made_at": now, "made_snapshot": key.snapshot}
                    connection.execute(update(link).where(*ours, link.c.source_id == source_id).values(values))


def _objection(connection: Connection, integration: str, account: str, wish: Wish) -> PermanentError | None:
    known = _of_record(connection, integration, account, wish)
    if known and known[-1].number != wish.seen:
        return _refusal("DECIDED_MEANWHILE", wish, known[-1], "look at the record again; undo that decision if it is wrong")
    held = fate(known)
    if wish.kind in FATES and held is not None and held.kind != Kind.SKIP:
        return _refusal("DECIDED_ALREADY", wish, held, "undo that decision first")
    if wish.kind == Kind.LINK:
        taken = select(link.c.decision).where(*_links(integration, account, wish.entity), link.c.target_id == wish.target_id)
        number = connection.execute(taken).scalar()
        holder = _one(connection, integration, account, number) if number is not None else None
        if holder is not None:
            return _refusal("TARGET_TAKEN", wish, holder, "choose another, or undo that decision first")
    return None


def _record(connection: Connection, integration: str, account: str, one: Decision) -> None:
    connection.execute(decision.insert().values(integration=integration, account=account, **asdict(one)))
    if one.kind in (Kind.LINK, Kind.IMPORT):
        row = {"entity": one.entity, "source_id": one.source_id, "target_id": one.target_id or None, "decision": one.number}
        connection.execute(link.insert().values(integration=integration, account=account, **row))


def _tie(connection: Connection, integration: str, account: str, old: Decision) -> str:
    if old.kind not in (Kind.LINK, Kind.IMPORT):
        return ""
    query = select(link.c.target_id).where(*_links(integration, account, old.entity), link.c.decision == old.number)
    return connection.execute(query).scalar() or ""


def _retie(connection: Connection, integration: str, account: str, old: Decision) -> None:
    """Take the link of an undone decision away."""
    connection.execute(delete(link).where(*_links(integration, account, old.entity), link.c.decision == old.number))


def _tie_undone(connection: Connection, key: RunKey, entity: str, source_id: str, target_id: str) -> None:
    """Say of undone imports of a record, of which nothing was known to be made, what was made after all."""
    of_record = (
        decision.c.integration == key.integration,
        decision.c.account == key.account,
        decision.c.entity == entity,
        decision.c.source_id == source_id,
    )
    imports = select(decision.c.number).where(*of_record, decision.c.kind == Kind.IMPORT)
    undone = (*of_record, decision.c.kind == Kind.UNDONE, decision.c.target_id == "", decision.c.undoes.in_(imports))
    connection.execute(update(decision).where(*undone).values(target_id=target_id))


def _of_record(connection: Connection, integration: str, account: str, one: Wish | Decision, *, force: bool = False) -> list[Decision]:
    query = select(decision).where(
        decision.c.integration == integration,
        decision.c.account == account,
        decision.c.entity == one.entity,
        decision.c.source_id == one.source_id,
    )
    found = [_decision(row._mapping) for row in connection.execute(query.order_by(decision.c.number))]
    return in_force(found) if force else found


def _one(connection: Connection, integration: str, account: str, number: int) -> Decision | None:
    ours = decision.c.integration == integration, decision.c.account == account, decision.c.number == number
    row = connection.execute(select(decision).where(*ours)).one_or_none()
    return None if row is None else _decision(row._mapping)


def _last_number(connection: Connection, integration: str, account: str) -> int:
    ours = decision.c.integration == integration, decision.c.account == account
    return connection.execute(select(func.max(decision.c.number)).where(*ours)).scalar() or 0


def _links(integration: str, account: str, entity: str) -> Iterable[Any]:
    return (link.c.integration == integration, link.c.account == account, link.c.entity == entity)


def _decision(row: Mapping[Any, Any]) -> Decision:
    values = {name: row[name] for name in Decision.__dataclass_fields__}
    return Decision(**{**values, "kind": Kind(values["kind"])})


def _refusal(code: str, wish: Wish, other: Decision, fix: str) -> PermanentError:
    what = {Kind.NOT_A_MATCH: "said it is not a match", Kind.UNDONE: "undid a decision", Kind.SKIP: "skipped it"}
    done = what.get(other.kind, "linked it" if other.kind == Kind.LINK else "had it imported")
    subject = f"{other.entity} {other.source_id}" if code == "TARGET_TAKEN" else f"{wish.entity} {wish.source_id}"
    found = f"{subject}: {other.decided_by} {done} on {other.decided_at:%Y-%m-%d at %H:%M} UTC (decision {other.number})"
    return PermanentError(code, problem=found, next_step=fix)


def _gone(number: int) -> PermanentError:
    found = f"decision {number} is not there, or is undone already"
    return PermanentError("DECISION_GONE", problem=found)
