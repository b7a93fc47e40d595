"""The XML Engine as one of the sandbox's vendors: sign-in, sessions, and the operations."""

from __future__ import annotations

from datetime import datetime
from html import escape
from http.cookies import CookieError, SimpleCookie

from lxml import etree

from crosswalk.sandbox.faults import Fault
from crosswalk.sandbox.messages import Call, Refused, Reply, Request, refusal
from crosswalk.sandbox.smartoffice import envelope
from crosswalk.sandbox.smartoffice.catalogue import FIELDS, REPORTS, chosen, written
from crosswalk.sandbox.smartoffice.envelope import Envelope, text_of
from crosswalk.sandbox.smartoffice.inside import filled
from crosswalk.sandbox.smartoffice.office import CONTACT, INVESTMENT, NOTE, POLICY, Office, User
from crosswalk.sandbox.smartoffice.reading import page_of, report_query, search_query
from crosswalk.sandbox.smartoffice.sessions import Session, Sessions
from crosswalk.sandbox.system import System

PATH = "/smartoffice/xmlengine"
COOKIE = "JSESSIONID"
LICENCES = {POLICY: ("PolicyTracking", "PendingCasePolicySetupAdministrator"), INVESTMENT: ("InvestmentTracking",)}
MAX_KEYWORD, MAX_NOTE = 40, 2000
DICTIONARY = {
    "Gender": ("Male", "Female"),
    "Marital": ("Single", "Married", "Divorced", "Widowed", "Separated", "Domestic Partner"),
}


class SmartOffice(System[Office]):
    """Every office of the sandbox behind one servlet."""

    name = "smartoffice"
    customer = "office"
    content_type = "text/xml; charset=utf-8"

    def __init__(self) -> None:
        super().__init__()
        self.sessions = Sessions()

    def copy(self, later: float) -> SmartOffice:
        other = super().copy(later)
        other.sessions = self.sessions.copy(later)
        return other

    def remove(self, name: str) -> None:
        super().remove(name)
        self.sessions.close_all(name)

    def describe(self, request: Request) -> Call:
        """Read far enough to know what is asked; what cannot be read becomes an operation of its own."""
        if request.path != PATH:
            return Call(self.name, "unknown path", content=Refused(404, "NOT_FOUND", "nothing lives at this path"))
        if request.method == "GET":
            session = self.sessions.find(_cookie(request))
            return Call(self.name, "dictionary", session.office if session else "")
        try:
            opened = envelope.opened(request.body)
            operation = opened.name
        except Refused as refused:
            return Call(self.name, "unreadable", content=refused)
        paged = operation == "method DynamicReport" or opened.operation.tag == "search"
        return Call(self.name, operation, opened.office, write=opened.operation.tag == "insert", paged=paged, content=opened)

    def answer(self, request: Request, call: Call, fault: Fault | None) -> Reply:
        """Carry the request out; `fault` is one of faults.PAGE_KINDS, or None."""
        if isinstance(call.content, Refused):
            return refusal(call.content) if call.content.status == 404 else envelope.error(call.content)
        try:
            return self._dictionary(request) if call.content is None else self._operate(request, call.content, fault)
        except Refused as refused:
            return envelope.error(refused)

    def expire(self, request: Request) -> Reply:
        """End the request's session and say so."""
        self.sessions.close(_cookie(request))
        return envelope.error(Refused(200, "SESSION_EXPIRED", "the session has ended"))

    def error(self, code: str, status: int) -> Reply:
        """An error of the system's own, as the control API asked for."""
        reply = envelope.error(Refused(200, code or "BUSY", "asked for by a fault"))
        reply.status = status or 200
        return reply

    def _dictionary(self, request: Request) -> Reply:
        if request.query.get("dump") != "catalog" or request.query.get("type") != "dict":
            raise Refused(200, "BAD_REQUEST", "a GET asks for dump=catalog and type=dict")
        if self.sessions.find(_cookie(request)) is None:
            raise Refused(200, "SESSION_EXPIRED", "the dictionary needs a signed-in session")
        return envelope.document("dictionary", "".join(_codes(name, labels) for name, labels in DICTIONARY.items()))

    def _operate(self, request: Request, opened: Envelope, fault: Fault | None) -> Reply:
        office, user = self._sign_in(opened)
        session, fresh = self._session(request, opened, user)
        operation, subject = opened.operation, opened.subject
        _require_licence(user, subject)
        match operation.tag:
            case "search":
                content = self._search(office, session, operation, subject, fault)
            case "get":
                content = _get(office, subject)
            case "insert":
                content = _insert(office, subject)
            case _:
                content = self._method(office, session, subject, fault)
        reply = envelope.response(content, closed=not opened.keep_session)
        if not opened.keep_session:
            self.sessions.close(session.cookie)
        elif fresh:
            reply.headers["Set-Cookie"] = f"{COOKIE}={session.cookie}; Path=/smartoffice; HttpOnly"
        return reply

    def _sign_in(self, opened: Envelope) -> tuple[Office, User]:
        office = self.customers.get(opened.office)
        if office is None:
            raise Refused(200, "AUTH_FAILED", f"unknown office {opened.office}")
        return office, office.sign_in(opened.user, opened.password)

    def _session(self, request: Request, opened: Envelope, user: User) -> tuple[Session, bool]:
        """The request's session, and whether it begins with it. Raises Refused (SESSION_EXPIRED) when an ended one is continued."""
        cookie = _cookie(request)
        session = self.sessions.find(cookie)
        if session and (session.office, session.user) == (opened.office, user.name):
            return session, False
        continued = opened.operation.get("searchid") or opened.operation.findtext("DynamicReport/searchKey") or "-1"
        if cookie and continued.strip() != "-1":
            raise Refused(200, "SESSION_EXPIRED", "the session has ended")
        return self.sessions.open(opened.office, user.name), True

    def _search(self, office: Office, session: Session, operation: etree._Element, subject: etree._Element, fault: Fault | None) -> str:
        page = page_of(search_query(operation, subject), office, session, self.sessions.search_number, fault)
        now = datetime.now().astimezone().strftime("%Y-%m-%dT%H:%M:%S")
        status = f"<_status>OK</_status><_systime>{now}</_systime><!-- xmlengine -->"
        return f"<search {page.attributes}>{status}{page.records}</search>"

    def _method(self, office: Office, session: Session, method: etree._Element, fault: Fault | None) -> str:
        match method.tag:
            case "GetAdptUser":
                return f"<method><_status>OK</_status><GetAdptUser>{_licensed(office, text_of(method, 'adapter'))}</GetAdptUser></method>"
            case "DynamicReport":
                page = page_of(report_query(method), office, session, self.sessions.search_number, fault)
                return f"<method><_status>OK</_status><DynamicReport {page.attributes}>{page.records}</DynamicReport></method>"
            case _:
                raise Refused(200, "UNKNOWN_METHOD", f"no method {method.tag}")


def _codes(name: str, labels: tuple[str, ...]) -> str:
    codes = "".join(f'<code value="{value}">{label}</code>' for value, label in enumerate(labels, start=1))
    return f'<property object="Person" name="{name}">{codes}</property>'


def _licensed(office: Office, adapter: str) -> str:
    holders = sorted(user.name for user in office.users.values() if adapter in user.rights)
    return "".join(f"<AdptUser><UserName>{escape(name)}</UserName></AdptUser>" for name in holders)


def _require_licence(user: User, subject: etree._Element) -> None:
    report = REPORTS.get(text_of(subject, "reportName").casefold()) if subject.tag == "DynamicReport" else None
    missing = set(LICENCES.get(report[0] if report else str(subject.tag), ())) - set(user.rights)
    if missing:
        raise Refused(200, "RIGHT_MISSING", f"the user lacks {', '.join(sorted(missing))}")


def _get(office: Office, subject: etree._Element) -> str:
    shape = chosen(str(subject.tag), subject)
    records = filled(office, [office.get(str(subject.tag), subject.get("id", ""))], shape)
    return f"<get><_status>OK</_status>{written(records, shape)}</get>"


def _insert(office: Office, subject: etree._Element) -> str:
    if subject.tag != NOTE:
        raise Refused(200, "UNSUPPORTED", f"only {NOTE} is inserted here")
    contact = subject.find(CONTACT)
    owner = office.get(CONTACT, "" if contact is None else contact.get("id", ""))
    values = {name: subject.findtext(name) or "" for name in FIELDS[NOTE]}
    if not values["Keyword"] or values["Private"] not in ("true", "false"):
        raise Refused(200, "BAD_REQUEST", "a note has a Keyword, and Private is true or false")
    if len(values["Keyword"]) > MAX_KEYWORD or len(values["Text"]) > MAX_NOTE:
        raise Refused(200, "BAD_REQUEST", f"a Keyword has at most {MAX_KEYWORD} characters, a Text {MAX_NOTE}")
    note = office.insert(NOTE, values, [owner.id])
    return f'<insert><_status>OK</_status><{NOTE} _type="obj" id="{note.id}" _status="inserted"/></insert>'


def _cookie(request: Request) -> str:
    try:
        morsel = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
