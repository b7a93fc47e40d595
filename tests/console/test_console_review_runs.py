"""What is decided on the pages is what the next run carries out, and what it carried out is what the pages show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console.flex_review import RECORD_ADDRESS, accounts_file
from console.reviewer import Reviewer, text
from console.rooms import SignIn, connections
from crosswalk.core.model import RunStatus
from crosswalk.sandbox.server import SandboxServer
from flex_world import FlexWorld


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlexWorld]:
    """A CRM and a Flex that know many of the same people, looked at once."""
    folder = tmp_path_factory.mktemp("flex")
    with SandboxServer(contacts=1, groups=0, seed=4) as box:
        world = FlexWorld(box.url, folder / "world")
        accounts_file(folder)
        for name, value in connections(world.folder / "store.db", world.folder / "landing", folder).items():
            monkeypatch.setenv(name, value)
        assert world.run("first").status is RunStatus.SUCCESS
        yield world


@pytest.mark.requirement("FLEX-01", "FLEX-04", "FLEX-05", "FLEX-06", "FLEX-07", "FLEX-08")
def test_the_next_run_carries_out_what_was_decided_on_the_pages(world: FlexWorld, sign_in: SignIn) -> None:
    ana = Reviewer(sign_in("user", "ana"))
    contacts, companies = world.statuses("contact"), world.statuses("company")
    matched, new = (contacts[contacts["status"] == status].index.tolist() for status in ("Match Found", "New"))
    firms = companies[companies["status"] == "New"].index.tolist()
    linked, skipped = matched[:2]
    likeliest = contacts.loc[linked, "first"]
    assert world.links() == []

    ana.decide(ana.record(linked), "link", target=likeliest)
    ana.decide(ana.record(skipped), "skip")
    dialog = ana.press(ana.open("/contact", tab="new", size=500), "/contact/selected", record=new, **{"import": "1"})
    types = {"resource_type": "Vendors", **({"company_type": "Venues", "companies": "1"} if "company_type" in dialog.text else {})}
    assert ana.press(dialog, "/contact/import", **types).status_code == 303
    for firm in firms:
        page = ana.record(firm, "company")
        if "Import as new" in page.text:
            ana.decide(page, "import", "company", resource_type="Venues")

    assert world.run("second").status is RunStatus.SUCCESS
    held = {(one["kind"], one["sourceId"]): one["contactId"] for one in world.links()}
    assert held[("contact", linked)] == likeliest
    assert {source_id for kind, source_id in held if kind == "contact"} == {linked, *new}
    assert {source_id for kind, source_id in held if kind == "company"} == set(firms)
    assert [one["name"] for one in world.contact(held[("contact", new[0])])["resourceTypes"]] == ["Vendors"]
    for source_id in (linked, new[0]):
        page = ana.record(source_id)
        assert RECORD_ADDRESS.replace("{id}", held[("contact", source_id)]) in page.text
        assert "<select" not in page.text
    assert "Skipped" in text(ana.record(skipped))

    ana.press(ana.record(linked), "/contact/undo")
    assert f'value="{likeliest}"' in ana.record(linked).text
    assert world.run("third").status is RunStatus.SUCCESS
    assert likeliest not in {one["contactId"] for one in world.links()}
    assert "Match Found" in text(ana.record(linked))
    assert world.crm_writes() == 0
