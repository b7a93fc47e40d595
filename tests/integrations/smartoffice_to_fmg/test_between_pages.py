"""SmartOffice changes while it is read, between two pages: nothing is lost, no record is a mixture, and the next night is right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from between import Between, between, is_contact_page
from crosswalk.conformance.local_server import Seen
from crosswalk.core.model import RunStatus
from crosswalk.errors import TransientError
from integrations.smartoffice_to_fmg.conftest import AfterDelivery
from oracle import expected_contacts
from reliability.small_world import SmallWorld

OFFICE = "/smartoffice/offices/DEMO01"
EMAIL = "PreferredEmail.Address"
DELIVERED = {RunStatus.SUCCESS, RunStatus.PARTIAL}
Change = Callable[[SmallWorld, list[str]], None]
"""Changes SmartOffice; the ids FMG holds, those on the first page first."""


def _delete_read(world: SmallWorld, ids: list[str]) -> None:
    world.control("DELETE", f"{OFFICE}/contacts/{ids[0]}")


def _delete_unread(world: SmallWorld, ids: list[str]) -> None:
    world.control("DELETE", f"{OFFICE}/contacts/{ids[-1]}")


def _change_both(world: SmallWorld, ids: list[str]) -> None:
    for one in (ids[0], ids[-1]):
        world.source_contact(one, FirstName="Meanwhile", Greeting="Changed")


def _add(world: SmallWorld, _: list[str]) -> None:
    world.control("POST", f"{OFFICE}/contacts", LastName="Newcomer", **{EMAIL: "newcomer@move.example"})


def _swap_addresses(world: SmallWorld, ids: list[str]) -> None:
    emails = [world.seen()[one]["email"] for one in (ids[0], ids[-1])]
    for one, email in zip((ids[-1], ids[0]), emails, strict=True):
        world.source_contact(one, **{EMAIL: email})


def _delete_a_group(world: SmallWorld, _: list[str]) -> None:
    small = min(world.source_groups(), key=lambda one: sum(one["id"] in who["groups"] for who in world.seen().values()))
    world.control("DELETE", f"{OFFICE}/groups/{small['id']}")


def _add_a_group(world: SmallWorld, ids: list[str]) -> None:
    world.control("POST", f"{OFFICE}/groups", id="TagGroup.7.900", Name="Just now")
    world.source_contact(ids[-1], TagGroups=["TagGroup.7.900"])


@pytest.mark.requirement("SAFE-1", "FMG-11", "SAFE-6")
@pytest.mark.parametrize("change", [_delete_read, _delete_unread, _change_both, _add, _swap_addresses, _delete_a_group, _add_a_group])
def test_a_change_between_two_pages(after_delivery: AfterDelivery, change: Change) -> None:
    world = after_delivery()
    before = world.seen()
    ids = [one["id"] for one in world.source_contacts() if one["id"] in before and before[one["id"]]["email"]]
    with between(world.url) as middle:
        slowly = world.with_(source_url=middle.url, page_size=20)
        middle.change = _once(middle, lambda: change(world, ids))
        try:
            assert slowly.run(approve=lambda _: True).status in DELIVERED
        except TransientError as error:
            assert error.code == "SRC_READ_UNSTABLE"
        assert middle.change is _as_it_is, "the change was made"
    meanwhile, after = world.seen(), expected_contacts(world.source_contacts())[0]
    assert before.keys() & after.keys() <= meanwhile.keys() <= before.keys() | after.keys()
    known = {one["source_id"] for one in world.groups()}
    for one, record in meanwhile.items():
        within = {**after[one], "groups": [group for group in after[one]["groups"] if group in known]} if one in after else None
        assert record in (before.get(one), after.get(one), within), one
    assert world.run(approve=lambda _: True).status in DELIVERED
    assert world.seen() == after


def _once(middle: Between, change: Callable[[], None]) -> Callable[[Seen, bytes], bytes]:
    """Make the change after the first page of contacts was answered."""

    def changed(seen: Seen, body: bytes) -> bytes:
        if is_contact_page(seen):
            middle.change = _as_it_is
            change()
        return body

    return changed


def _as_it_is(_: Seen, body: bytes) -> bytes:
    return body
