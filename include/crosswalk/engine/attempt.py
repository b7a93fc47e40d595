"""One attempt at a step: timed, its failure written to the run, its report published whatever happened."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from crosswalk.core.model import RunStatus
from crosswalk.engine.context import Run
from crosswalk.engine.report import publish
from crosswalk.errors import CrosswalkError

log = logging.getLogger(__name__)


@contextmanager
def step(run: Run, name: str) -> Iterator[None]:
    """Time a step, write its failure to the run and publish the report.

    An attempt that another attempt of the same run overtook leaves run and report to that one.
    """
    started = time.perf_counter()
    try:
        yield
    except CrosswalkError as error:
        if run.store.ledger.finished(run.key) or run.store.leases.at_work(run.key):
            log.warning("run %s, %s: %s", run.key, name, error)
            raise
        _note(run, name, started)
        run.store.runs.update(run.key, status=RunStatus.FAILED, error_code=error.code, error_text=str(error), ended_at=datetime.now(UTC))
        log.error("run %s, %s: %s", run.key, name, error)
        publish(run, name)
        raise
    _note(run, name, started)
    publish(run, name)


def _note(run: Run, name: str, started: float) -> None:
    seconds = round(time.perf_counter() - started, 3)
    row = run.store.runs.get(run.key)
    run.store.runs.update(run.key, durations={**row.durations, name: seconds})
    log.info("run %s, %s took %.1f s", run.key, name, seconds)
