"""One real Airflow for every file of this folder: booting one costs half a minute, so an integration's test brings none of its own.

To add one: put the integration's scene in SCENES, small, and the tests in `test_real_<integration>.py` here, with the fixture `airflow`:

    airflow.api       Airflow's REST API (wait_for_dag, unpause, trigger, returned, questions, …)
    airflow.run_of    one run: settle(account), states, log, clear, answer, question, row
    airflow.control   the sandbox's control interface
    airflow.store     our store
    airflow.accounts_of("mindmatrix", text)   writes an accounts file; without it the packaged one counts

No DAG is on until a test unpauses it. All of the folder runs in one process, file by file, also under `-n` (tests/conftest.py), so a test
leaves nothing unsettled behind: a run still under way takes another file's time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest

from crosswalk.local.scenarios.emoney import EmoneyScene, Firm
from crosswalk.local.scenarios.fmg import Office
from crosswalk.local.scenarios.fmo import FmoScene
from crosswalk.local.scenarios.mindmatrix import CUSTOMERS, MindmatrixScene
from dags.night import ROOT, Night, real_airflow

OFFICES = (Office("hazel", 7, 30, 3, 0, "delivered"),)
SCENES = (
    EmoneyScene((Firm("elm", 5, 8), Firm("oak", 6, 8))),
    FmoScene(),
    MindmatrixScene(tuple(replace(one, contacts=80, companies=10) for one in CUSTOMERS)),
)


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("shared")
    for packaged in (ROOT / "include" / "accounts").glob("*.toml"):
        shutil.copy(packaged, folder)
    with real_airflow(folder, OFFICES, scenes=SCENES) as night:
        yield night
