"""One real Airflow for every file of this folder: booting one costs half a minute, so an integration's test brings none of its own.

To add one: put the integration's scenario in SCENARIOS, small, and its tests in `test_real_<integration>.py` here, with `airflow`:

    airflow.api       Airflow's REST API (wait_for_dag, unpause, trigger, returned, questions, …)
    airflow.run_of    one run: settle(account), states, log, clear, answer, question, row
    airflow.control   the sandbox's control interface
    airflow.store     our store
    airflow.accounts_of("mindmatrix", text)   writes an accounts file; without it the packaged one counts

No DAG is on until a test unpauses it. All of the folder runs in one worker, file by file, also under `-n` (tests/conftest.py), so a test
leaves nothing unsettled behind: a run still under way takes another file's time.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from crosswalk.local.scenarios.emoney import EmoneyScenario, Firm
from crosswalk.local.scenarios.fmg import Office
from crosswalk.local.scenarios.fmo import FmoScenario
from crosswalk.local.scenarios.mindmatrix import CUSTOMERS, MindmatrixScenario
from dags.night import ROOT, Night, real_airflow

OFFICES = (Office("hazel", 7, 30, 3, 0, "delivered"),)
SCENARIOS = (
    EmoneyScenario((Firm("elm", 5, 8), Firm("oak", 6, 8))),
    FmoScenario(),
    MindmatrixScenario(tuple(replace(one, contacts=80, companies=10) for one in CUSTOMERS)),
)


RUNNING = ExitStack()


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("shared")
    for packaged in (ROOT / "include" / "accounts").glob("*.toml"):
        shutil.copy(packaged, folder)
    return RUNNING.enter_context(real_airflow(folder, OFFICES, scenarios=SCENARIOS))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Stop Airflow after the last test of this folder, not of the session: it takes CPU time also when nobody asks anything of it."""
    if nextitem is None or not nextitem.path.is_relative_to(Path(__file__).parent):
        RUNNING.close()
