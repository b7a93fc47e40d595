"""Settings of the Airflow that tests import: a home of its own, no examples, no telemetry. Import it before airflow."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = Path(tempfile.mkdtemp(prefix="crosswalk-airflow-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

os.environ.update(
    {
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "analyst:viewer,oncall:user,engineer:op",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(HOME / "passwords.json"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME / 'airflow.db'}",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-of-the-tests-only-0123456789-0123456789-0123456789-0123",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
)
(HOME / "passwords.json").write_text(
    json.dumps({"analyst": "analyst-password", "oncall": "oncall-password", "engineer": "engineer-password"})
)
