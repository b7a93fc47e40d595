"""Every guard of the product, to be removed in turn. The table is mutants.csv: a text of the code, what takes its place, who notices."""

from __future__ import annotations

import csv
from pathlib import Path

from reliability.mutation import Mutant

TABLE = Path(__file__).with_name("mutants.csv")

with TABLE.open(encoding="utf-8", newline="") as _file:
    MUTANTS = [Mutant(**row) for row in csv.DictReader(_file)]

WARM = ["tests/unit/steps/test_load_guards.py::test_a_delivery_names_what_it_is_based_on"]
"""Tests that load what is slow to load."""
