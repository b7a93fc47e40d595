"""ConnectWise as one of the sandbox's systems: the codebase look-up, who may call, and the lists of a company."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from crosswalk.sandbox.connectwise.company import ConnectWiseCompany
from crosswalk.sandbox.connectwise.conditions import condition
from crosswalk.sandbox.crm.customer import visible
from crosswalk.sandbox.crm.table import Keep, Record, counted
from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes

Parts = Mapping[str, str]
BASE = "/connectwise/{codebase}/apis/3.0"
LOGIN = "/connectwise/login/companyinfo/{company}"
MAX_PAGE, DEFAULT_PAGE = 1000, 25
LISTS = {
    "/company/contacts": "contacts",
    "/company/contacts/types": "contact_types",
    "/company/companies": "companies",
    "/company/companies/statuses": "statuses",
    "/company/companies/types": "types",
}
GENERIC = "v4_6_release"
Action = tuple[str, str, str]
"""Operation, table, and what is done: list, count or one."""


class ConnectWise:
    """Every ConnectWise company of the sandbox."""

    name = "connectwise"

    def __init__(self) -> None:
        self.companies: dict[str, ConnectWiseCompany] = {}
        self._routes = _routes()

    def copy(self, later: float) -> ConnectWise:
        """The same companies, for themselves."""
        other = ConnectWise()
        other.companies = {name: company.copy(later) for name, company in self.companies.copy().items()}
        return other

    def company(self, name: str) -> ConnectWiseCompany:
        """The company that signs in with this id. Raises Refused (404 NOT_FOUND)."""
        if name not in self.companies:
            raise Refused(404, "NotFound", f"no company {name}")
        return self.companies[name]

    def describe(self, request: Request) -> Call:
        """Find the route, and the company by the login."""
        owner = _login(request)[0]
        try:
            action, parts = self._routes.find(request.method, request.path)
        except Refused as refused:
            return Call(self.name, "unknown path", owner, write=request.method not in ("GET", "HEAD"), content=refused)
        operation, _, what = action
        return Call(self.name, operation, owner or parts.get("company", ""), paged=what != "one", content=(action, parts))

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        """Carry the request out; `fault` is one of faults.PAGE_KINDS, or None."""
        try:
            if isinstance(call.content, Refused):
                raise call.content
            (_, table, what), parts = call.content
            if not table:
                return self._info(parts["company"])
            company = self._authorised(request, parts["codebase"])
            if table in company.hidden:
                raise Refused(403, "Forbidden", "the security role does not allow this")
            return _answered(company, table, what, request, parts, fault)
        except Refused as refused:
            return _error(refused)

    def expire(self, request: Request) -> Reply:  # noqa: ARG002 - ConnectWise keeps no session to end
        """Refuse the keys this once."""
        return _error(Refused(401, "Unauthorized", "the keys were refused"))

    def error(self, code: str, status: int) -> Reply:
        """An error of the system's own, as the control API asked for."""
        return _error(Refused(status or 500, code or "InternalError", "asked for by a fault"))

    def _info(self, name: str) -> Reply:
        if name not in self.companies:
            return json_reply(None)
        codebase = self.companies[name].codebase
        shown = {"CompanyName": name, "Codebase": f"{codebase}/", "VersionCode": "v2099.1", "VersionNumber": "v4.6.99"}
        return json_reply({**shown, "CompanyID": name, "IsCloud": True})

    def _authorised(self, request: Request, codebase: str) -> ConnectWiseCompany:
        name, public, private = _login(request)
        company = self.companies.get(name)
        if company is None or (public, private) != (company.public_key, company.private_key):
            raise Refused(401, "Unauthorized", "unknown company or keys")
        if request.headers.get("clientid") != company.client_id:
            raise Refused(401, "ConnectWiseApi/UserNotAuthenticated", "a clientId is needed")
        if codebase not in (company.codebase, GENERIC):
            raise Refused(404, "NotFound", "the company is in another codebase")
        return company


def _login(request: Request) -> tuple[str, str, str]:
    scheme, _, packed = request.headers.get("authorization", "").partition(" ")
    try:
        text = b64decode(packed, validate=True).decode() if scheme.casefold() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    user, _, private = text.partition(":")
    name, _, public = user.partition("+")
    return name, public, private


def _error(refused: Refused) -> Reply:
    return json_reply({"code": refused.code, "message": refused.message, "errors": []}, refused.status)


def _routes() -> Routes[Action]:
    routes: Routes[Action] = Routes()
    routes.add("GET", LOGIN, ("company info", "", "one"))
    for path, table in LISTS.items():
        routes.add("GET", f"{BASE}{path}", (f"list {table}", table, "list"))
        routes.add("GET", f"{BASE}{path}/count", (f"count {table}", table, "count"))
    for path, table in LISTS.items():  # behind the lists: /company/contacts/types is no contact
        routes.add("GET", f"{BASE}{path}/{{id}}", (f"get {table}", table, "one"))
    return routes


def _answered(company: ConnectWiseCompany, table: str, what: str, request: Request, parts: Parts, fault: Fault | None) -> Reply:
    if what == "one":
        number = int(parts["id"]) if parts["id"].isascii() and parts["id"].isdigit() else 0
        if number not in company.tables[table].records:
            raise Refused(404, "NotFound", "no such record")
        return json_reply(visible(company.tables[table].records[number], table, company.hidden))
    keep = _kept(request)
    if what == "count":
        return json_reply({"count": counted(len(company.tables[table].found(keep)), fault)})
    size = _number(request, "pageSize", DEFAULT_PAGE, MAX_PAGE)
    if request.query.get("orderBy", "id") not in ("id", "id asc"):
        raise Refused(400, "InvalidObject", "the sandbox orders by id alone")
    if request.headers.get("pagination-type", "").casefold() == "forward-only":
        return _forward(company, table, request, size, keep, fault)
    return _navigable(company, table, request, size, keep)


def _kept(request: Request) -> Keep:
    parts = [condition(request.query.get(name, "")) for name in ("conditions", "childConditions")]
    return lambda record: all(keep(record) for keep in parts)


def _forward(company: ConnectWiseCompany, table: str, request: Request, size: int, keep: Keep, fault: Fault | None) -> Reply:
    after = _number(request, "pageId", 0, 10**18)
    found, following = company.tables[table].page(after, size, keep, fault)
    reply = json_reply([_shown(record, company, table, request) for record in found])
    if following is not None:
        reply.headers["Link"] = _link(request, "next", pageId=str(following))
    return reply


def _navigable(company: ConnectWiseCompany, table: str, request: Request, size: int, keep: Keep) -> Reply:
    found = company.tables[table].found(keep)
    page, last = _number(request, "page", 1, 10**9), max(1, -(-len(found) // size))
    reply = json_reply([_shown(record, company, table, request) for record in found[(page - 1) * size : page * size]])
    places = {"next": page + 1 if page < last else 0, "prev": page - 1, "first": 1 if page > 1 else 0, "last": last if page < last else 0}
    links = [_link(request, name, page=str(number)) for name, number in places.items() if number]
    if links:
        reply.headers["Link"] = ", ".join(links)
    return reply


def _link(request: Request, rel: str, **place: str) -> str:
    query = {name: value for name, value in request.query.items() if name not in ("page", "pageId")} | place
    return f'<http://{request.headers.get("host", "localhost")}{quote(request.path)}?{urlencode(query)}>; rel="{rel}"'


def _shown(record: Record, company: ConnectWiseCompany, table: str, request: Request) -> Record:
    record = visible(record, table, company.hidden)
    names = request.query.get("fields", "")
    if not names:
        return record
    return {**{name: record[name] for name in ["id", *names.split(",")] if name in record}, **_forced(record)}


def _forced(record: Record) -> Record:
    """What a fault put there comes without being asked for."""
    return {name: record[name] for name in ("taxID", "ssn") if name in record}


def _number(request: Request, name: str, default: int, high: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and (1 if default else 0) <= int(text) <= high):
        raise Refused(400, "InvalidObject", f"{name} is a whole number up to {high}")
    return int(text)
