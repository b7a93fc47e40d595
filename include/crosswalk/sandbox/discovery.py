"""Which vendors there are: every folder beside this file that has a `vendor.py`, in alphabetical order."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from crosswalk.sandbox.vendor import Vendor


@cache
def found_vendors() -> Mapping[str, Vendor[Any, Any]]:
    """Every vendor by name."""
    folders = sorted(path.parent.name for path in Path(__file__).parent.glob("*/vendor.py"))
    return {name: import_module(f"{__package__}.{name}.vendor").VENDOR for name in folders}
