"""Pages of clients, available items and linked items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from crosswalk.sandbox.emoney.clients import client_json
from crosswalk.sandbox.emoney.connections import link_json, notice_json
from crosswalk.sandbox.emoney.firm import Firm
from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Request
from crosswalk.sandbox.windows import bent, window

MAX_PAGE = 500
Page = dict[str, Any]
T = TypeVar("T")


def clients_page(firm: Firm, request: Request, fault: Fault | None) -> Page:
    """GET /clients."""
    wanted = request.query.get("externalId")
    clients = [client for client in firm.clients.values() if wanted is None or client.external_id == wanted]
    return _page("clients", clients, lambda client: client.client_id, client_json, firm, request, fault)


def available_page(firm: Firm, request: Request, fault: Fault | None, connection_id: str) -> Page:
    """GET /connections/{id}/available."""
    connection_id = firm.connection(connection_id).connection_id
    notices = [notice for notice in firm.notices.values() if notice.connection_id == connection_id]
    return _page("available", notices, lambda notice: notice.item_id, notice_json, firm, request, fault)


def accounts_page(firm: Firm, request: Request, fault: Fault | None) -> Page:
    """GET /connections/accounts."""
    wanted = request.query.get("clientId")
    links = [link for link in firm.links.values() if wanted is None or link.client_id == wanted]
    return _page("accounts", links, lambda link: link.link_id, link_json, firm, request, fault)


def _page(
    name: str,
    records: Sequence[T],
    key: Callable[[T], str],
    show: Callable[[T], dict[str, Any]],
    firm: Firm,
    request: Request,
    fault: Fault | None,
) -> Page:
    size, after = request.whole_number("limit", MAX_PAGE, 1, MAX_PAGE), request.query.get("after", "")
    places = {key(record): place for place, record in enumerate(records)}
    start = places.get(after, -1) + 1  # one that is gone: the page says by its revision that the list is another
    part = window(start, size, len(records), fault)
    following = key(records[start + size - 1]) if part.more and start + size <= len(records) else None
    shown = [bent(show(record), fault, "lastName") for record in records[part.start : part.stop]]
    return {name: shown, "total": part.total, "revision": firm.revision, "next": following}
