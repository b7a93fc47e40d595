"""Rejections on their way from step to step, in the run's folder."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd

from crosswalk.core.model import Rejection
from crosswalk.landing.folder import Folder

COLUMNS = list(Rejection.__dataclass_fields__)


def write_rejections(folder: Folder, name: str, rejections: list[Rejection]) -> None:
    """Land rejections as a frame with the columns of `Rejection`."""
    folder.write_frame(name, pd.DataFrame([asdict(r) for r in rejections], columns=COLUMNS, dtype="str"))


def read_rejections(folder: Folder, name: str) -> list[Rejection]:
    """Read what `write_rejections` landed; empty when nothing was."""
    if not folder.exists(f"{name}.parquet"):
        return []
    return [Rejection(*row) for row in folder.read_frame(name)[COLUMNS].itertuples(index=False, name=None)]
