"""Run in a process of its own, over a package that has one system folder more: every account of mindmatrix.toml, and what came of it."""

from __future__ import annotations

import json
import sys

from crosswalk.integrations.accounts import load_accounts
from crosswalk.orchestration.resources import store_engine
from crosswalk.orchestration.runs import open_account
from crosswalk.store.migrate import migrate

migrate(store_engine())
came = {}
for name in load_accounts("mindmatrix"):
    row = open_account("crm_to_mindmatrix", name).run("third")
    came[name] = [row.status.value, row.counts["plan"]["contact"]]
json.dump(came, sys.stdout)
