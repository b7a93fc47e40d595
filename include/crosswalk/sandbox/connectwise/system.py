"""ConnectWise as one of the sandbox's vendors: the codebase look-up, who may call, and the lists of a company."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from crosswalk.sandbox.connectwise.company import ConnectWiseCompany
from crosswalk.sandbox.connectwise.conditions import condition
from crosswalk.sandbox.crm.customer import visible
from crosswalk.sandbox.crm.table import Keep, Record, counted
from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, json_reply
from crosswalk.sandbox.routes import Routes
from crosswalk.sandbox.system import Parts, RoutedSystem

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
COMPANY_INFO = "company info"


@dataclass(frozen=True)
class Action:
    """What a route does. table: the one it is about, "" for the codebase look-up. what: list, count or one."""

    operation: str
    table: str = ""
    what: str = "one"
    writes: bool = False

    @property
    def paged(self) -> bool:
        """Whether a fault of a page may bend it."""
        return self.what != "one"


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
    routes.add("GET", LOGIN, Action(COMPANY_INFO))
    for path, table in LISTS.items():
        routes.add("GET", f"{BASE}{path}", Action(f"list {table}", table, "list"))
        routes.add("GET", f"{BASE}{path}/count", Action(f"count {table}", table, "count"))
    for path, table in LISTS.items():  # behind the lists: /company/contacts/types is no contact
        routes.add("GET", f"{BASE}{path}/{{id}}", Action(f"get {table}", table))
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


class ConnectWise(RoutedSystem[ConnectWiseCompany]):
    """Every ConnectWise company of the sandbox."""

    name = "connectwise"
    customer = "company"
    routes = _routes()
    expired = (401, "Unauthorized", "the keys were refused")
    internal_error = "InternalError"

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        """The codebase look-up is for everybody: a client asks it before it has signed in."""
        if call.operation == COMPANY_INFO:
            return self._info(call.content[1]["company"])
        return super().answer(request, call, fault)

    def refuse(self, refused: Refused) -> Reply:
        return _error(refused)

    def owner(self, request: Request) -> str:
        return _login(request)[0]

    def authorized(self, request: Request, call: Call) -> ConnectWiseCompany:
        name, public, private = _login(request)
        company = self.customers.get(name)
        if company is None or (public, private) != (company.public_key, company.private_key):
            raise Refused(401, "Unauthorized", "unknown company or keys")
        if request.headers.get("clientid") != company.client_id:
            raise Refused(401, "ConnectWiseApi/UserNotAuthenticated", "a clientId is needed")
        if call.content[1]["codebase"] not in (company.codebase, GENERIC):
            raise Refused(404, "NotFound", "the company is in another codebase")
        return company

    def carry_out(self, customer: ConnectWiseCompany, request: Request, action: Action, parts: Parts, fault: Fault | None) -> Reply:
        if action.table in customer.hidden:
            raise Refused(403, "Forbidden", "the security role does not allow this")
        return _answered(customer, action.table, action.what, request, parts, fault)

    def _info(self, name: str) -> Reply:
        if name not in self.customers:
            return json_reply(None)
        codebase = self.customers[name].codebase
        shown = {"CompanyName": name, "Codebase": f"{codebase}/", "VersionCode": "v2099.1", "VersionNumber": "v4.6.99"}
        return json_reply({**shown, "CompanyID": name, "IsCloud": True})
