"""What a source has to say of what it read, on its way to the report."""

from __future__ import annotations

import json
from collections.abc import Sequence

from crosswalk.engine.context import Run

_REMARKS = "remarks.json"


def keep_remarks(run: Run, remarks: Sequence[str]) -> None:
    """Keep the sentences with the run."""
    run.folder.write_bytes(_REMARKS, json.dumps(list(remarks)).encode())


def remarks(run: Run) -> list[str]:
    """Give the sentences; none where the source says nothing."""
    return list(json.loads(run.landed.read_bytes(_REMARKS))) if run.landed.exists(_REMARKS) else []
