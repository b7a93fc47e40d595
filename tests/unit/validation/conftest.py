"""Contacts and target rows for validation tests; Great Expectations is imported once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from crosswalk.core.spec.model import EntitySpec
from crosswalk.integrations.specs import load_spec

Rows = Callable[..., pd.DataFrame]

FIELDS = load_spec("smartoffice_to_fmg").entity("contact").source_fields
PLAIN = {
    "source_id": "",
    **dict.fromkeys(FIELDS, ""),
    "FirstName": "Quinn",
    "LastName": "Quill",
    "Person.Dob": "1961-04-09",
    "Person.Gender": "2",
    "Person.Marital": "1",
    "PreferredAddress.Line1": "1 Elm St",
    "PreferredAddress.City": "Salem",
    "PreferredAddress.State": "OR",
    "PreferredAddress.ZipCode": "97301",
    "PreferredPhone.AreaCode": "555",
    "PreferredPhone.Number": "010-4477",
    "TagGroups": "TagGroup.7.1",
}


@pytest.fixture(scope="session")
def contact() -> EntitySpec:
    return load_spec("smartoffice_to_fmg").entity("contact")


@pytest.fixture(scope="session")
def group() -> EntitySpec:
    return load_spec("smartoffice_to_fmg").entity("group")


@pytest.fixture(scope="session")
def contacts() -> Rows:
    """Make contacts that pass every rule, but for what is given: one dictionary a record; ids count from Contact.7.1."""

    def make(*records: dict[str, Any], dtype: Any = "str") -> pd.DataFrame:
        rows = [{**PLAIN, "source_id": f"Contact.7.{number}", **record} for number, record in enumerate(records, 1)]
        return pd.DataFrame(rows, columns=list(PLAIN), dtype=dtype)

    return make


@pytest.fixture(scope="session")
def target() -> Rows:
    """Make the target's contacts from (source id, e-mail) pairs."""

    def make(*pairs: tuple[str, str]) -> pd.DataFrame:
        rows = [{"target_id": f"c-{number}", "source_id": one, "email": email} for number, (one, email) in enumerate(pairs)]
        return pd.DataFrame(rows, columns=["target_id", "source_id", "email"], dtype="str")

    return make
