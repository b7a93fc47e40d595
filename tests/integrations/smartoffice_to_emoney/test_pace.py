"""Sixty requests a minute, here a few a second: only changed records are sent, the log and the report say how long it takes."""

from __future__ import annotations

import logging

import pytest

from crosswalk.core.model import RunStatus
from crosswalk.store.quotas import StoredQuota
from crosswalk.wire.quota import Quota
from planning_firm import HOLDINGS, FirmMaker

READY = [f"Contact.7.{801 + round_of_families * 16 + place}" for round_of_families in range(2) for place in (0, 2, 3, 5, 8, 10)]


@pytest.mark.requirement("EMON-03", "EMON-07")
def test_what_is_left_and_a_full_load_are_estimated(make_firm: FirmMaker, caplog: pytest.LogCaptureFixture) -> None:
    firm = make_firm(families=16)
    limited = firm.with_(quota=StoredQuota(firm.store.engine, "emoney_elm", Quota(20, 2.0)))
    with caplog.at_level(logging.INFO, logger="crosswalk.engine.send"):
        row = limited.export(*READY[:2], *READY[2:])
        again = limited.export(*READY)

    assert (row.status, again.status) == (RunStatus.SUCCESS, RunStatus.SUCCESS)
    assert row.counts["load"]["full_load_seconds"] >= 2.0, "24 requests do not fit into one window of 20"
    report = firm.of(row.key).report_folder.read_bytes("report.html").decode()
    assert "sending everything again would take at least" in report
    assert again.counts["load"]["batches"] == 0


@pytest.mark.requirement("EMON-07")
def test_a_night_without_changes_asks_little_however_many_clients_there_are(make_firm: FirmMaker) -> None:
    asked = []
    for families in (8, 16):
        firm = make_firm(families=families)
        ready = READY[: 6 * families // 8]
        firm.export(*ready)
        for client in ready:
            firm.link(client, *firm.items_of(client))
        firm.refresh()
        firm.forget()
        row = firm.refresh()
        assert row.status is RunStatus.SUCCESS
        assert not firm.store.ledger.batches(row.key)
        asked.append(len(firm.asked()))
    assert asked[0] == asked[1] <= 20
    assert {one.code for one in firm.store.rejected.open(HOLDINGS, "elm")} == set()
