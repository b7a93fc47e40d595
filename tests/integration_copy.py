"""A copy of the packaged integration with something wrong in it."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import crosswalk

PACKAGED = Path(crosswalk.__file__).parent / "integrations" / "smartoffice_to_fmg"


def changed(case: Path, folder: Path) -> Path:
    """Copy the packaged integration and change it as the case says: other files in place of its own, then edits, then removals."""
    shutil.copytree(PACKAGED, folder)
    for path in case.iterdir():
        if path.name not in ("change.toml", "expected.txt"):
            shutil.copy(path, folder)
    change = tomllib.loads((case / "change.toml").read_text(encoding="utf-8"))
    for edit in change.get("edit", []):
        path = folder / edit["file"]
        text = path.read_text(encoding="utf-8")
        assert text.count(edit["find"]) == 1, f"{case.name}: found {text.count(edit['find'])} times: {edit['find']}"
        path.write_text(text.replace(edit["find"], edit["put"]), encoding="utf-8")
    for name in change.get("remove", []):
        (folder / name).unlink()
    return folder
