"""Mindmatrix as one of the sandbox's vendors: its routes and its pages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crosswalk.sandbox.crm.table import bent
from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Refused, Request
from crosswalk.sandbox.mindmatrix.deliveries import finish, open_delivery, take_batch
from crosswalk.sandbox.mindmatrix.organization import Organization
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.system import Action, KeyedSystem, Parts
from crosswalk.sandbox.windows import window

BASE = "/mindmatrix/v1/organizations/{organization}"
MAX_PAGE = 500


def _routes() -> Routes[Action[Organization]]:
    routes: Routes[Action[Organization]] = Routes()
    routes.add("GET", BASE, Action("read organization", read=lambda organization, *_: organization.summary()))
    routes.add("GET", f"{BASE}/contacts", Action("read contacts", read=_contacts, paged=True))
    routes.add("GET", f"{BASE}/contacts/{{id}}", Action("read contact", read=_contact))
    routes.add("GET", f"{BASE}/opt-outs", Action("read opt-outs", read=_opt_outs, paged=True))
    routes.add("POST", f"{BASE}/deliveries", Action("open delivery", write=open_delivery))
    routes.add("POST", f"{BASE}/deliveries/{{delivery}}/contacts", Action("send batch", write=take_batch))
    routes.add("POST", f"{BASE}/deliveries/{{delivery}}/finish", Action("finish delivery", write=finish))
    return routes


def _contacts(organization: Organization, request: Request, _: Parts, fault: Fault | None) -> Any:
    with organization.lock:
        contacts, revision = organization.contacts, organization.revision
    return _page("contacts", sorted(contacts), lambda key: organization.contact_json(contacts[key]), revision, request, fault)


def _opt_outs(organization: Organization, request: Request, _: Parts, fault: Fault | None) -> Any:
    addresses = sorted(email for email, state in organization.opt_in.items() if state == "opted_out")
    return _page("opt_outs", addresses, lambda email: {"email": email}, organization.revision, request, fault)


def _contact(organization: Organization, _: Request, parts: Parts, __: Fault | None) -> Any:
    if parts["id"] not in organization.contacts:
        raise Refused(404, "NOT_FOUND", "no such contact")
    return organization.contact_json(organization.contacts[parts["id"]])


def _page(
    name: str, order: Sequence[str], show: Callable[[str], Mapping[str, Any]], revision: int, request: Request, fault: Fault | None
) -> Any:
    size = request.whole_number("limit", MAX_PAGE, 1, MAX_PAGE)
    after = request.query.get("after", "")
    start = bisect_right(order, after) if after else 0
    part = window(start, size, len(order), fault)
    following = order[start + size - 1] if part.more else None
    records = [bent(show(key), fault) for key in order[part.start : part.stop]]
    return {name: records, "total": part.total, "revision": revision, "next": following}


class Mindmatrix(KeyedSystem[Organization]):
    """Every Mindmatrix organization of the sandbox."""

    name = "mindmatrix"
    customer = "organization"
    routes = _routes()
