"""Local settings of the tests' Airflow: what its scheduler has imported, no task imports again, for every task is a fork of its workers.

Great Expectations alone takes longer to import than all that a task of forty records does. Libraries only: each task imports the product
itself, as anywhere else.
"""

import importlib
import sys

if "scheduler" in sys.argv:
    for name in ("great_expectations.execution_engine.pandas_execution_engine", "lxml.etree", "pandas", "pyarrow.parquet", "rapidfuzz"):
        importlib.import_module(name)
