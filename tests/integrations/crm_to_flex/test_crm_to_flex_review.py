"""A CRM and a Flex that know many of the same people: from candidates over decisions to records that follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswalk.core.ports import Operation
from crosswalk.core.review import Kind
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.engine import connect
from crosswalk.store.migrate import migrate
from crosswalk.store.store import Store
from integrations.crm_to_flex.review import ACCOUNT, Review, wish

PORTAL, SITE = "/hubspot/portals/24100001", "/flex/sites/demo"


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    engine = connect(f"sqlite:///{tmp_path / 'store.db'}")
    migrate(engine)
    with SandboxServer(contacts=5, groups=2, seed=4) as box:
        yield Review(box.url, Store(engine))
    engine.dispose()


@pytest.mark.requirement("FLEX-01", "FLEX-02", "FLEX-03", "FLEX-05", "FLEX-07", "FLEX-08")
def test_everything_is_linked_or_imported_and_then_nothing_is_left_to_do(review: Review) -> None:
    before = review.statuses("contact")["status"].value_counts()
    assert {"Match Found", "New"} == set(before.index)
    automatic = review.link_automatically()
    assert automatic > 10
    for name in ("company", "contact"):
        found = review.statuses(name)
        chosen = found[found["status"] != "Linked"]
        review.decide(*[wish(name, Kind.IMPORT, str(one)) for one in chosen.index])
    sent, refused = review.load()
    assert refused == []
    assert {one.entity for one in sent} == {"company", "contact", "deal"}
    for name in ("company", "contact"):
        assert set(review.statuses(name)["status"]) == {"Linked"}
    assert review.load() == ([], [])
    assert review.control("GET", "/requests?system=hubspot")["counters"]["hubspot"]["writes"] == 0
    counts = review.control("GET", "/flex/sites")["demo"]
    assert (counts["links"], counts["deals"]) == (80, 30)


@pytest.mark.requirement("FLEX-04", "FLEX-06")
def test_a_link_a_skip_and_a_no_are_remembered_and_can_be_undone(review: Review) -> None:
    found = review.statuses("contact")
    (one, first), (other, second), (third, _) = [
        (str(key), row["first"]) for key, row in found[found["status"] == "Match Found"].iterrows()
    ][:3]
    review.decide(
        wish("contact", Kind.LINK, one, first), wish("contact", Kind.NOT_A_MATCH, other, second), wish("contact", Kind.SKIP, third)
    )
    now = review.statuses("contact")
    assert (now.loc[one, "status"], now.loc[one, "target_id"]) == ("Linked", first)
    assert now.loc[other, "first"] != second
    assert now.loc[third, "decided"] == "skip"
    assert review.load()[1] == []
    assert [link["contactId"] for link in review.control("GET", f"{SITE}/links")["links"]] == [first]
    review.store.decisions.undo(*ACCOUNT, 1, "bo")
    assert review.statuses("contact").loc[one, "status"] == "Match Found"
    assert review.load() == ([Operation("contact", "delete", one, first, {"link": "true"})], [])
    assert review.control("GET", f"{SITE}/links")["links"] == []
    assert review.control("GET", f"{SITE}/contacts/{first}")["deleted"] is False
    assert review.link_automatically() >= 0
    assert review.statuses("contact").loc[one, "status"] == "Match Found"


@pytest.mark.requirement("FLEX-07")
def test_a_linked_record_follows_the_crm_where_flex_lacks_something(review: Review) -> None:
    review.link_automatically()
    review.load()
    linked = review.statuses("contact")
    source_id, target_id = next((str(key), row["target_id"]) for key, row in linked.iterrows() if row["status"] == "Linked")
    review.control("PATCH", f"{PORTAL}/contacts/{source_id}", {"lastname": "Changed", "city": "Salem", "zip": "97301"})
    review.control("PATCH", f"{SITE}/contacts/{target_id}", {"address": {"city": "Typed"}})
    (operation,), _ = review.load()
    assert (operation.source_id, set(operation.values)) == (source_id, {"zip", "last_edit_date"})
    record = review.control("GET", f"{SITE}/contacts/{target_id}")
    assert (record["addresses"][0]["city"], record["addresses"][0]["postalCode"], record["lastName"] != "Changed") == (
        "Typed",
        "97301",
        True,
    )


@pytest.mark.requirement("FLEX-07")
def test_a_merge_in_the_crm_takes_the_link_along(review: Review) -> None:
    review.link_automatically()
    review.load()
    found = review.statuses("contact")
    gone, target_id = next((str(key), row["target_id"]) for key, row in found.iterrows() if row["status"] == "Linked")
    survivor = next(str(key) for key, row in found.iterrows() if row["status"] == "New")
    review.control("POST", f"{PORTAL}/contacts/{survivor}/merge", {"from": gone})
    assert review.statuses("contact").loc[survivor, "target_id"] == target_id
    assert review.load()[1] == []
    links = {link["contactId"]: link["sourceId"] for link in review.control("GET", f"{SITE}/links")["links"] if link["kind"] == "contact"}
    assert links[target_id] == survivor


@pytest.mark.requirement("FLEX-03")
def test_a_company_named_on_a_deal_is_none(review: Review) -> None:
    named = [deal["company_name"] for deal in review.control("GET", f"{PORTAL}/deals")["deals"] if deal.get("company_name")]
    assert len(named) == 10
    read = review.entities()
    assert set(named).isdisjoint(read["company"].desired["name"])


@pytest.mark.requirement("SAFE-5")
def test_a_load_that_lost_its_answers_does_nothing_twice(review: Review) -> None:
    found = review.statuses("company")
    new = [str(key) for key, row in found.iterrows() if row["status"] == "New"]
    review.decide(*[wish("company", Kind.IMPORT, one) for one in new])
    review.control("POST", "/faults", {"system": "flex", "kind": "lost_answer", "match": "make contact", "every": 2, "times": 50})
    before = review.control("GET", f"{SITE}/contacts?limit=0")["total"]
    assert review.load()[1] == []
    assert review.control("GET", f"{SITE}/contacts?limit=0")["total"] == before + len(new)


def test_an_import_whose_answer_never_came_is_not_made_again_by_a_later_run(review: Review) -> None:
    new = next(str(key) for key, row in review.statuses("company").iterrows() if row["status"] == "New")
    review.decide(wish("company", Kind.IMPORT, new))
    sent, _ = review.load()
    with review.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE link SET target_id = NULL, made_at = NULL, made_snapshot = NULL")
    again, refused = review.load()
    assert ([one.source_id for one in sent], again, refused) == ([new], [], [])
