"""Which systems the suite puts to the test: every folder of systems/."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

import crosswalk.systems
from crosswalk.conformance.subject import Subject


@cache
def found_subjects() -> Mapping[str, Subject]:
    """The subject of every system by its folder's name; a system that has nothing to ask says so with `SUBJECT = None`.

    Raises ModuleNotFoundError for a folder without a `conformance.py`: a system joins the suite, or says why it cannot.
    """
    roots = [Path(path) for path in crosswalk.systems.__path__]
    names = sorted(path.parent.name for root in roots for path in root.glob("*/connection.toml"))
    subjects = {name: import_module(f"crosswalk.systems.{name}.conformance").SUBJECT for name in names}
    return {name: subject for name, subject in subjects.items() if subject is not None}
