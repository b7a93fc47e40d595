"""ACRM-05 in the console: a business's pages and files hold nothing of what the FMO's other agents have."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.rooms import SignIn, connections
from fmo_world import FMO, NAME, FmoWorld
from reliability.hostile_books import OURS, THEIRS, B, fill, hand_over

TABLE = f'[{FMO}]\nsource = "carriers_a"\ntarget = "agent_crm_a"\nfrequency = "manual"\n'


@pytest.mark.requirement("ACRM-05")
def test_no_page_of_a_business_shows_what_another_agent_has(tmp_path: Path, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    world = FmoWorld(tmp_path / "world")
    (tmp_path / "fmo.toml").write_text(TABLE, encoding="utf-8")
    for name, value in connections(world.folder / "store.db", world.folder / "landing", tmp_path).items():
        monkeypatch.setenv(name, value)
    mine = set().union(*(fill(world, seed) for seed in (3, 4)))
    business = world.provision(B)
    world.run(business, approve=lambda _run: True)
    hand_over(world, 3)
    snapshot = world.run(business, approve=lambda _run: True).key.snapshot
    assert mine
    run, browser = f"{NAME}/{business.account}", sign_in("viewer")
    pages = ["/crosswalk/", f"/crosswalk/rejected/{run}"]
    pages += [f"/crosswalk/runs/{run}/{number}{part}" for number in (snapshot - 1, snapshot) for part in ("", "?view=records")]
    pages += [f"/crosswalk/record?integration={NAME}&account={business.account}&id={one}" for one in (*sorted(mine), f"P-{THEIRS}1")]
    files = ("report.html", "report.json", "plan.csv", "rejected.csv")
    pages += [f"/crosswalk/reports/{run}/{number}/{name}" for number in (snapshot - 1, snapshot) for name in files]
    said = ""
    for page in pages:
        answer = browser.get(page)
        assert answer.status_code == 200, page
        said += answer.text.replace(f"P-{THEIRS}1", "what was typed")
    assert THEIRS not in said
    assert business.account in browser.get("/crosswalk/").text
    assert all(one in said for one in mine)
    assert OURS not in browser.get(f"/crosswalk/reports/{run}/{snapshot}/report.json").text, "values are masked, B's own too"
