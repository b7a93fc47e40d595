"""A small XML Engine for tests, written from systems/smartoffice/README.md: frozen results, kept sessions, rights, dictionary."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape, quoteattr  # noqa: TID251 - writes XML, parses none

from lxml import etree

from crosswalk.conformance.local_server import Reply, Seen
from crosswalk.conformance.subject import CANARY, FAST, NAME, Subject
from crosswalk.core.system_schema import load_fields
from crosswalk.systems.smartoffice.client import SmartOfficeClient
from crosswalk.systems.smartoffice.source import SmartOfficeSource
from crosswalk.wire.connection import connection_settings

CONTACT = {
    **{name.replace(".", "/"): "" for name, field in load_fields("smartoffice")["contact"].items() if field.type != "ids"},
    "FirstName": "Quinn",
    "LastName": "Quill",
    "Greeting": "Q",
    "ReviewDate": "2015-06-01",
    "Person/Dob": "1961-04-09",
    "Person/Gender": "2",
    "Person/Marital": "1",
    "PreferredEmail/Address": "quinn@example.test",
    "PreferredAddress/Line1": "1 Elm St",
    "PreferredAddress/Line2": "",
    "PreferredAddress/City": "Salem",
    "PreferredAddress/State": "OR",
    "PreferredAddress/ZipCode": "97301",
    "PreferredPhone/AreaCode": "555",
    "PreferredPhone/Number": "010-4477",
}
REPORTS = {"Crosswalk contacts": "Contact", "Crosswalk tag groups": "TagGroup"}

Record = dict[str, Any]


def contact(number: int, groups: tuple[int, ...] = (), **fields: str) -> Record:
    return {**CONTACT, "id": f"Contact.7.{number}", "groups": [f"TagGroup.7.{one}" for one in groups], **fields}


def group(number: int, name: str) -> Record:
    return {"id": f"TagGroup.7.{number}", "Name": name}


class SmartOfficeStandIn:
    """Answers as the README says. `change` may alter an answer's text before it goes: (operation, page number, text) to text."""

    def __init__(self, contacts: list[Record], groups: list[Record]) -> None:
        self.objects = {"Contact": contacts, "TagGroup": groups}
        self.rights = {"FMG": ["Integration"]}
        self.operations: list[tuple[str, int]] = []
        self.change: Callable[[str, int, str], str] = lambda _operation, _page, text: text
        self._results: dict[str, tuple[str, list[Record]]] = {}
        self._numbers = itertools.count(900)
        self._sessions = itertools.count(1)

    def __call__(self, seen: Seen) -> Reply:
        assert seen.query["AppName"] == "crosswalk"
        session = seen.headers.get("cookie", "").partition("JSESSIONID=")[2]
        if seen.method == "GET":
            assert (seen.query["dump"], seen.query["type"]) == ("catalog", "dict")
            return _xml(_DICTIONARY if session else _response('<error code="SESSION_EXPIRED"/>'))
        assert seen.headers["content-type"].startswith("text/xml")
        request = etree.fromstring(seen.body)
        new = "" if session else f"s{next(self._sessions)}"
        reply = _response(self._operation(request, session or new))
        return _xml(reply, {"Set-Cookie": f"JSESSIONID={new}; Path=/"} if new else {})

    def _operation(self, request: Any, session: str) -> str:
        header = {child.tag: child.text for child in request.find("header")}
        if (header["office"], header["user"], header["password"]) != ("DEMO01", "integration", "sandbox-secret"):
            return f'<error code="AUTH_FAILED">not accepted: {header["password"]}</error>'
        search, method = request.find("search"), request.find("method")
        if search is not None:
            return self._search(search, session)
        right = method.findtext("GetAdptUser/adapter")
        if right is not None:
            users = "".join(f"<AdptUser><UserName>{escape(user)}</UserName></AdptUser>" for user in self.rights.get(right, []))
            return f"<method><_status>OK</_status><GetAdptUser>{users}</GetAdptUser></method>"
        return self._report(method.find("DynamicReport"), session)

    def _search(self, search: Any, session: str) -> str:
        template = search.find("object")[0]
        groups = [value.text for value in search.iterfind("condition/expr/v")]
        assert (search.find("condition") is None) == (not groups)
        page = self._page(
            template.tag, groups, search.get("searchid"), int(search.get("pageno")), int(search.get("pagesize")), session, _asked(template)
        )
        return page if page.startswith("<error") else f"<search {page}</search>"

    def _report(self, call: Any, session: str) -> str:
        assert call.findtext("format") == "2"
        name = REPORTS[call.findtext("reportName")]
        ids = (call.findtext("runtimefilter") or "").removeprefix("TagGroups in ")
        asked = [*CONTACT, "TagGroups/TagGroup"] if name == "Contact" else ["Name"]
        page = self._page(
            name,
            ids.split(",") if ids else [],
            call.findtext("searchKey"),
            int(call.findtext("pageNo")),
            int(call.findtext("pageSize")),
            session,
            asked,
        )
        return page if page.startswith("<error") else f"<method><_status>OK</_status><DynamicReport {page}</DynamicReport></method>"

    def _page(self, name: str, groups: list[str], search_id: str, number: int, size: int, session: str, asked: list[str]) -> str:
        assert 1 <= size <= 2000
        if search_id == "-1":
            search_id = str(next(self._numbers))
            found = [record for record in self.objects[name] if not groups or set(groups) & set(record["groups"])]
            self._results[search_id] = session, found
        if search_id not in self._results or self._results[search_id][0] != session:
            return '<error code="SEARCH_UNKNOWN">gone</error>'
        records = self._results[search_id][1]
        self.operations.append((name, number))
        more = "true" if (number + 1) * size < len(records) else "false"
        elements = "".join(_element(name, record, asked) for record in records[number * size : (number + 1) * size])
        text = (
            f'searchid="{search_id}" pageno="{number}" total="{len(records)}" more="{more}"><_status>OK</_status><!-- cost 3 -->{elements}'
        )
        return self.change(name, number, text)


def _asked(template: Any) -> list[str]:
    return [f"{child.tag}/{leaf.tag}" for child in template for leaf in child] + [child.tag for child in template if not len(child)]


def _element(name: str, record: Record, asked: list[str]) -> str:
    parents: dict[str, str] = {}
    for path in asked:
        parent, _, leaf = path.rpartition("/")
        if path == "TagGroups/TagGroup":
            content = "".join(f'<TagGroup _type="obj" id="{one}"/>' for one in record["groups"])
        else:
            content = f"<{leaf}>{escape(record[path])}</{leaf}>" if record.get(path) else f"<{leaf}/>"
        parents[parent or leaf] = parents.get(parent or leaf, "") + content
    inner = "".join(content if parent in asked else f"<{parent}>{content}</{parent}>" for parent, content in parents.items())
    identity = f" id={quoteattr(record['id'])}" if record["id"] else ""
    return f'<{name} _type="obj"{identity}>{inner}</{name}>'


def _response(operation: str) -> str:
    return f'<response version="1.0"><header><sessionClosed>false</sessionClosed></header>{operation}</response>'


def _xml(text: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply(text.encode(), headers={"Content-Type": "text/xml; charset=utf-8", **(headers or {})}, packed=True)


_DICTIONARY = (
    '<dictionary version="1.0"><property object="Person" name="Gender"><code value="1">Male</code><code value="2">Female</code></property>'
    "</dictionary>"
)


def connect(url: str, page_size: int = 3) -> SmartOfficeSource:
    """Connect to the default office of a stand-in or sandbox."""
    who: dict[str, Any] = {"office": "DEMO01", "login": "integration", "password": "sandbox-secret", "name": "smartoffice_summit"}
    return SmartOfficeSource(
        SmartOfficeClient(connection_settings("smartoffice", f"{url}/smartoffice/xmlengine", page_size=page_size, **who, **FAST))
    )


def _stand_in() -> SmartOfficeStandIn:
    people = [contact(number, FirstName=NAME) for number in range(1, 8)]
    people[3]["PreferredEmail/Address"] = CANARY
    return SmartOfficeStandIn(people, [])


SUBJECT = Subject(
    connection="smartoffice_summit",
    stand_in=_stand_in,
    pages=lambda url: connect(url).pages("contact", None),
    id_field="source_id",
    records=7,
    calls=3,
    secrets=("sandbox-secret",),
)
