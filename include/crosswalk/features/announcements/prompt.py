"""Offer: what of some clients could be linked, for a person to choose from and classify. Ids, kinds and masked names only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from crosswalk.core.masking import mask
from crosswalk.core.model import Decided
from crosswalk.engine.artifacts import ACCEPTED, JsonFile
from crosswalk.engine.context import Run
from crosswalk.errors import ConfigurationError, DataError
from crosswalk.features.announcements.announce import waiting
from crosswalk.features.announcements.chosen_links import choose_links
from crosswalk.features.announcements.feature import owners_of
from crosswalk.features.announcements.ports import LinkTarget, Waiting

NOTHING = "Link nothing"
MOST = 50
"""Records one question offers; those after them are offered by the next run."""


@dataclass(frozen=True)
class Offer:
    """One record that could be linked for one client. option: how the question names it."""

    option: str
    entity: str
    source_id: str
    client: str


OFFERED = JsonFile[list[Offer]]("offered.json", lambda rows: [Offer(**row) for row in rows], lambda offers: [asdict(one) for one in offers])
"""What the run's question offers."""


def offers(run: Run, target: LinkTarget) -> list[Offer]:
    """Find what could be linked for the run's clients and keep it with the run; at most MOST.

    Raises ConfigurationError CLIENT_NOT_EXPORTED when none of the owners is in the target.
    """
    known_by = owners_of(run.spec)
    entities = [entity for entity in run.spec.entities if entity.name in known_by]
    found = [(entity, one) for entity in entities for one in waiting(run, entity, known_by[entity.name], _not_linked(run, entity.name))]
    owners = sorted({owner for _, one in found for owner in one.belongs_to})
    known = target.known(owners) if owners else {}
    if owners and not known:
        raise ConfigurationError(
            "CLIENT_NOT_EXPORTED",
            operation=f"looking for what can be linked in {run.key}",
            problem=f"the target has none of the clients ({', '.join(owners[:5])})",
        )
    named = [Offer(_option(one, owner), one.entity, one.source_id, owner) for _, one in found for owner in one.belongs_to if owner in known]
    OFFERED.write(run.folder, named[:MOST])
    return named[:MOST]


def offered(run: Run) -> list[Offer]:
    """Read what was offered."""
    return OFFERED.find(run.folder) or []


def accept(run: Run, chosen: Sequence[str], classes: Mapping[str, Mapping[str, str]], by: str) -> int:
    """Keep a person's choice and return how many links come of it. classes: what the target wants to know of a link, by option.

    Raises DataError OFFER_UNKNOWN for an option that was not offered.
    """
    by_option = {one.option: one for one in offered(run)}
    wanted = [option for option in chosen if option != NOTHING]
    if unknown := [option for option in wanted if option not in by_option]:
        raise DataError(
            "OFFER_UNKNOWN",
            operation=f"linking what was chosen in {run.key}",
            problem=f"{len(unknown)} of {len(wanted)} options were not offered",
        )
    links: dict[str, dict[str, list[Mapping[str, str]]]] = {}
    for option in wanted:
        one = by_option[option]
        links.setdefault(one.entity, {}).setdefault(one.source_id, []).append({"client": one.client, **classes.get(option, {})})
    decided: dict[str, Decided] = dict(links)
    choose_links(run, decided, by)
    return len(wanted)


def _not_linked(run: Run, entity: str) -> frozenset[str]:
    """Accepted records the target does not have; one that another client has linked is left to a person in the target itself."""
    accepted, held = ACCEPTED.of(entity).read(run.folder), run.landed.read_entity(f"target_{entity}")
    return frozenset(accepted["source_id"]) - frozenset(held["source_id"])


def _option(one: Waiting, owner: str) -> str:
    name = next(iter(one.values.values()), "")
    return f"{one.source_id} for {owner}: {one.entity} {mask('text', name)}"
