.DEFAULT_GOAL := help
BIN := .venv/bin
READY := .venv/ready

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s'|'

$(READY): requirements.lock pyproject.toml
	@echo "Installing into .venv, some minutes the first time"
	@python3 -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(READY) ## install into .venv

demo: $(READY) ## run every integration through a real Airflow against the sandbox, and show what came of it
	@$(BIN)/python -m crosswalk.local.demo

up: $(READY) ## start sandbox and Airflow and keep them running, with the UI
	@$(BIN)/python -m crosswalk.local.stack up

down: $(READY) ## stop what `make up` and `make demo` left running
	@$(BIN)/python -m crosswalk.local.stack down

check: $(READY) ## lint, format, types, import contracts, import circles
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/architecture.py --check

test: $(READY) ## the whole suite
	$(BIN)/pytest -n auto --dist loadscope $(ARGS)

reliability: $(READY) ## the reliability tests with all their cases, the figures into docs/reliability.md; about an hour
	$(BIN)/pytest -n auto --dist worksteal -m reliability --full --figures docs/reliability.md tests $(ARGS)

golden: $(READY) ## rewrite the golden files and snapshots; review the difference
	$(BIN)/pytest --golden -q tests/integrations tests/dags

bench: $(READY) ## measure the steps at 3,000 and 30,000 contacts against the sandbox
	@$(BIN)/python benchmarks/run.py --sandbox 3000 30000

bench-console: $(READY) ## measure the console's pages: 10,000 accounts, a run of 30,000 records
	@$(BIN)/python benchmarks/console.py

screenshots: $(READY) ## take the pictures of docs/img again; needs Chromium
	@$(BIN)/python docs/screenshots.py

lock: $(READY) ## pin and hash the dependencies of pyproject.toml again
	$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links -q -o requirements.lock

.PHONY: help setup demo up down check test reliability golden bench bench-console screenshots lock
