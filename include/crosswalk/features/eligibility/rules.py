"""From the facts of a CRM's contacts to the inputs of the decision table, and to what becomes of each contact. Pure.

Data flow: facts (`source_id`, the facts of facts.csv, `email`) + filter + what the target knows → inputs → outcome, reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crosswalk.core.converters import email_key
from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.core.email_syntax import are_valid
from crosswalk.errors import ConfigurationError, DataError, Problem, current_operation, operation
from crosswalk.features.eligibility.decision_table import DecisionTable

_CONTACT = {"true": "active", "false": "inactive", "": "unknown"}
_COMPANY = {"true": "active", "false": "inactive", "": "missing"}


@dataclass(frozen=True)
class Filter:
    """Which contacts are chosen. fact: company_type or contact_type; values: the picklist values of the chosen labels."""

    fact: str
    values: frozenset[str]


def chosen_values(labels: Sequence[str], choices: Mapping[str, str], what: str) -> frozenset[str]:
    """Look labels up in a picklist, {value: label}, as it is now; a label that several values bear means all of them.

    Raises ConfigurationError with every label that is gone or renamed (FILTER_LABEL_UNKNOWN), naming those that exist, or
    FILTER_EMPTY when none is chosen: a filter that fits nobody would freeze everybody unseen.
    """
    with operation(f"looking up the chosen values of {what}"):
        if not labels:
            raise ConfigurationError("FILTER_EMPTY", problem="no value is chosen")
        values: dict[str, set[str]] = {}
        for value, label in choices.items():
            values.setdefault(label.strip(), set()).add(value)
        fix = f"choose among {', '.join(map(quoted, values)) or 'no labels, there are none'}, or put the old label back in the CRM"
        problems = [
            Problem("FILTER_LABEL_UNKNOWN", what, f"no value is labelled {quoted(label)}{did_you_mean(label, values)}", fix)
            for label in labels
            if label.strip() not in values
        ]
        if problems:
            raise ConfigurationError.from_problems(current_operation(), problems)
        return frozenset().union(*(values[label.strip()] for label in labels))


def require_sight(facts: pd.DataFrame, what: str) -> None:
    """Refuse facts that a user without rights would see: all contacts would be frozen.

    Raises DataError COMPANIES_HIDDEN when no contact has a company of known state, CONTACTS_HIDDEN when no contact has a state.
    """
    if len(facts) and (facts["contact_active"] == "").all():
        raise DataError(
            "CONTACTS_HIDDEN",
            operation=f"looking at the contacts of {what}",
            problem=f"none of {len(facts)} contacts is said to be active or not",
        )
    if len(facts) and ((facts["company_id"] == "") | (facts["company_active"] == "")).all():
        raise DataError(
            "COMPANIES_HIDDEN",
            operation=f"looking at the companies of {what}",
            problem=f"all {len(facts)} contacts are without company, or without one that is said to be active or not",
        )


def inputs(facts: pd.DataFrame, chosen: Filter, known: Collection[str], *, delete_inactive: bool) -> pd.DataFrame:
    """Turn facts into the inputs of the decision table, on the same index. known: source ids the target has a record of."""
    types = facts[chosen.fact] if chosen.fact in facts else pd.Series("", index=facts.index)
    in_set = {text: not chosen.values.isdisjoint(text.split()) for text in types.unique()}
    return pd.DataFrame(
        {
            "contact": facts["contact_active"].map(_CONTACT),
            "company": facts["company_active"].where(facts["company_id"] != "", "").map(_COMPANY),
            "type_in_set": np.where(types.map(in_set).to_numpy(dtype=bool), "yes", "no"),
            "email": email_states(facts["email"]),
            "known": np.where(facts["source_id"].isin(list(known)), "yes", "no"),
            "delete_inactive": "on" if delete_inactive else "off",
        },
        index=facts.index,
    )


def email_states(emails: pd.Series[str]) -> pd.Series[str]:
    """Tell for each address whether it is valid, missing, invalid, or shared: valid, and another has the same by `email_key`."""
    filled = emails.str.strip() != ""
    states = pd.Series("missing", index=emails.index, dtype="str")
    states[filled] = np.where(are_valid(emails[filled].str.strip()), "valid", "invalid")
    keys = emails[states == "valid"].map(email_key)
    states[keys.index[keys.duplicated(keep=False)]] = "shared"
    return states


def decide(
    table: DecisionTable, facts: pd.DataFrame, chosen: Filter, known: Collection[str], *, delete_inactive: bool, what: str
) -> pd.DataFrame:
    """Give each contact its `outcome` and `reason`, beside its `source_id`. Raises DataError COMPANIES_HIDDEN, CONTACTS_HIDDEN."""
    require_sight(facts, what)
    decided = table.apply(inputs(facts, chosen, known, delete_inactive=delete_inactive))
    return decided.assign(source_id=facts["source_id"])[["source_id", "outcome", "reason"]]
