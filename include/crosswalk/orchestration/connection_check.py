"""What "Test connection" tells: not only that one can sign in, but whether a sync would get through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from crosswalk.core.capabilities import LicensedSource
from crosswalk.core.plurals import plural
from crosswalk.errors import AuthRefused, PermanentError
from crosswalk.integrations.specs import integration_names, load_spec

if TYPE_CHECKING:
    from crosswalk.core.ports import Source, Target
    from crosswalk.core.spec.model import IntegrationSpec
    from crosswalk.features.eligibility.ports import LabelledSource
    from crosswalk.systems.carriers.client import Drop
    from crosswalk.systems.emoney.target import EmoneyTarget
    from crosswalk.systems.flex.target import FlexTarget

IN_SET = "expect_column_values_to_be_in_set"


def source_verdict(system: str, source: Source, dictionary: Mapping[str, Mapping[str, str]]) -> str:
    """Check rights and limits of every integration that reads from the system, and its codes against the lookup tables.

    An office may be used for some integrations only: what the others lack is said, and an error when it is lacking for all.
    Raises AuthRefused RIGHT_MISSING, PermanentError LIMIT_…, and what the source raises.
    """
    totals = source.totals()
    said = [f"Signed in. {_counts(totals)} in the whole database."]
    lacking: dict[str, AuthRefused] = {}
    held = []
    for spec in (load_spec(name) for name in integration_names()):
        if system in spec.sources:
            try:
                source.require_right(spec.right)
            except AuthRefused as error:
                lacking[spec.name] = error
                continue
            _check_limits(spec, totals)
            held.append(f"{spec.name}: right {spec.right} held{_within(spec)}.")
            held += [*_unlicensed(spec, source), *_unknown_codes(spec, dictionary)]
    if lacking and not held:
        raise next(iter(lacking.values()))
    return " ".join([*said, *held, *(f"{name}: the user does not hold its right." for name in lacking)])


def labelled_verdict(source: LabelledSource, fields: Sequence[str]) -> str:
    """Tell what the source holds, and by which labels records can be chosen."""
    said = [f"Signed in. {_counts(source.totals())} in the whole database."]
    for field in fields:
        labels = ", ".join(dict.fromkeys(source.choices(field).values()))
        said.append(f"{field}: {labels or 'no entries'}.")
    return " ".join(said)


def target_verdict(target: Target) -> str:
    """Tell what the target holds and who manages it."""
    state = target.state()
    owner = " ".join(state.managed_by.values()) if state.managed_by else "nobody yet"
    return f"Reached. It holds {_counts(state.counts)}; managed by {owner}; deliveries so far: {state.generation}."


def emoney_verdict(firm: EmoneyTarget) -> str:
    """Tell what the firm holds; reading it compares it with the one the connection names."""
    held = ", ".join(f"{number:,} {entity}" for entity, number in firm.state().counts.items())
    return f"Signed in, and the firm is the one the connection names. It holds, by kind: {held}."


def flex_verdict(site: FlexTarget) -> str:
    """Tell what the site holds, and which resource types an import may use."""
    counts, types = site.state().counts, ", ".join(site.resource_types())
    return f"Reached. It holds {counts['company']:,} companies and {counts['contact']:,} contacts; resource types: {types}."


def drop_verdict(drop: Drop) -> str:
    """Tell which folders are carriers, and how many files lie in each."""
    from crosswalk.systems.carriers.carrier import carrier_names

    folders, known = drop.carriers(), set(carrier_names())
    said = [f"{name}: {len(drop.entries(name))} file(s)" for name in folders if name in known] or ["no folder of a carrier yet"]
    unknown = len(set(folders) - known)
    return f"Reached. {'; '.join([*said, *([f'{unknown} folder(s) of no carrier'] if unknown else [])])}."


def _within(spec: IntegrationSpec) -> str:
    return f", within the limits ({_counts(spec.limits)})" if spec.limits else ""


def _unlicensed(spec: IntegrationSpec, source: Source) -> Iterator[str]:
    if isinstance(source, LicensedSource):
        for entity in spec.entities:
            if lacking := sorted(set(entity.rights) - source.held_rights(entity.rights)):
                named = entity.plural.capitalize()
                yield f"{named} will be left out: the user lacks {' and '.join(lacking)}."


def _check_limits(spec: IntegrationSpec, totals: Mapping[str, int]) -> None:
    over = [name for name, limit in spec.limits.items() if totals.get(name, 0) > limit]
    if over:
        raise PermanentError(
            f"LIMIT_{plural(over[0]).upper()}",
            operation=f"checking the limits of {spec.name}",
            problem=f"{_counts(totals)} in the whole database, allowed are {_counts(spec.limits)}",
            next_step=f"remove {' and '.join(map(plural, over))} from the source; the sync fails until then",
        )


def _unknown_codes(spec: IntegrationSpec, dictionary: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for entity in spec.entities:
        for rule in entity.expectations:
            missing = set(dictionary.get(rule.column, {})) - set(rule.kwargs.get("value_set", ())) if rule.type == IN_SET else set()
            if missing:
                codes = ", ".join(sorted(missing))
                yield f"Records with {rule.column} {codes} will be rejected: lookups.csv of {spec.name} does not know the code."


def _counts(counts: Mapping[str, int]) -> str:
    return " and ".join(f"{number:,} {plural(name)}" for name, number in counts.items())
