"""Frames of text as Parquet (zstd, with page checksums). pyarrow is imported on use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crosswalk.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def encode(columns: Mapping[str, Sequence[str] | pd.Series[Any]], group_rows: int | None = None) -> bytes:
    """Write columns of text. Raises DataError LANDING_NOT_TEXT for anything else, missing values and broken Unicode included.

    group_rows: in groups of so many rows, which `find` can pass over when the rows are sorted.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {}
    for name, values in columns.items():
        try:
            arrays[name] = pa.array(values, type=pa.string())
        except (pa.ArrowException, UnicodeEncodeError, TypeError):
            raise _not_text(name) from None
        if arrays[name].null_count:
            raise _not_text(name)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays), sink, compression="zstd", write_page_checksum=True, row_group_size=group_rows)
    return bytes(sink.getvalue())


def decode(parts: Sequence[bytes]) -> pd.DataFrame:
    """Read frames of text one below the other. Raises DataError LANDING_CORRUPT."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        tables = [pq.read_table(pa.BufferReader(part), page_checksum_verification=True) for part in parts]
        frame: pd.DataFrame = pa.concat_tables(tables).to_pandas()
    except (pa.ArrowException, OSError):
        raise corrupt("the file is not whole") from None
    return frame.astype("str")


def find(part: bytes, column: str, values: Collection[str]) -> pd.DataFrame:
    """Read only the rows whose column has one of the values. Raises DataError LANDING_CORRUPT."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        frame: pd.DataFrame = pq.read_table(pa.BufferReader(part), filters=[(column, "in", set(values))]).to_pandas()
    except (pa.ArrowException, OSError):
        raise corrupt("the file is not whole") from None
    return frame.astype("str")


def corrupt(found: str) -> DataError:
    """Build the error for a landed file that is not what was written."""
    return DataError("LANDING_CORRUPT", problem=found)


def _not_text(name: str) -> DataError:
    return DataError("LANDING_NOT_TEXT", problem=f"the column {name} holds something that is not text")
