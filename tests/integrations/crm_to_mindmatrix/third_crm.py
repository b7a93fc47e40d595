"""Run in a process of its own, over a package that has one system folder more: every account of mindmatrix.toml, and what came of it.

`form` is the third CRM's connection type as Airflow gets to know it, and what its "Test connection" tells.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module

from crosswalk.integrations.accounts import load_accounts
from crosswalk.orchestration.provider import provider_info
from crosswalk.orchestration.resources import store_engine
from crosswalk.orchestration.task_runs import open_account
from crosswalk.store.migrate import migrate

migrate(store_engine())
came = {}
for name in load_accounts("mindmatrix"):
    row = open_account("crm_to_mindmatrix", name).run("third")
    came[name] = [row.status.value, row.counts["plan"]["contact"]]
form = next(one for one in provider_info()["connection-types"] if one["connection-type"] == "thirdcrm")
module, _, name = form["hook-class-name"].rpartition(".")
hook = getattr(import_module(module), name)
came["form"] = [hook.conn_type, hook.hook_name, sorted(form["conn-fields"]), *hook("third").test_connection()]
json.dump(came, sys.stdout)
