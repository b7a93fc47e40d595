"""What befalls a delivery: an answer that fails or is long in coming, a worker that is stopped or killed in the middle of its load."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from crosswalk.store.database import reading
from crosswalk.store.tables import lease
from dags.night import INTEGRATION, Night
from oracle import expected_contacts


def delivered_contact(night: Night, account: str) -> str:
    """A contact that is delivered."""
    return next(iter(expected_contacts(night.source(account))[0]))


def fault(night: Night, account: str, **what: Any) -> None:
    """The next part sent to the account meets this fault."""
    night.control("POST", "/faults", system="fmg", account=night.office(account).fmg_account, match="put part", **what)


def hold(night: Night, account: str, seconds: float) -> Night:
    """Start a run by hand and wait until its load has sent its first part, whose answer is long in coming."""
    parts = night.written(account).count("put part")
    fault(night, account, kind="latency", seconds=seconds)
    run = night.trigger(account)
    run.wait(lambda: night.written(account).count("put part") > parts)
    return run


@dataclass
class Accident:
    """A load that was stopped or killed after its first part, and how FMG stood then."""

    run: Night
    pid: int
    contact: str
    fmg: dict[str, Any]


def befall(night: Night, account: str, number: signal.Signals) -> Accident:
    contact = delivered_contact(night, account)
    night.change(account, contact, Greeting="Of the first run")
    run = hold(night, account, 25)
    pid = run.process(account, "load")
    os.kill(pid, number)
    return Accident(run, pid, contact, night.fmg(account))


def lease_end(night: Night, account: str) -> datetime:
    with reading(night.store.engine, "reading a lease") as connection:
        end: datetime = connection.execute(
            select(lease.c.expires_at).where(lease.c.integration == INTEGRATION, lease.c.account == account)
        ).scalar_one()
    return end
