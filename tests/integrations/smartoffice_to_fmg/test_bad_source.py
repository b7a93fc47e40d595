"""Rows S1 to S36 of docs/bad-input.md: an answer that is not what its contract says stops the run, holds it or rejects one record.

Each test drives the steps over HTTP; FMG holds a delivered list, which has to stay as it is.
"""

from __future__ import annotations

import gzip
import re
import resource
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from between import Between, Change, between, contact_count, contact_pages, element, in_record, list_read_back
from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.core.model import RunStatus
from crosswalk.errors import CrosswalkError
from world import World, world

CANARY = "Kanarienvogel"
LOGIN = Reply(b"<!DOCTYPE html><html><body>Sign in, Kanarienvogel</body></html>", headers={"Content-Type": "text/html"})
LAUGHS = b'<!DOCTYPE response [<!ENTITY a "%s">%s]>' % (
    b"ha" * 10,
    b"".join(b'<!ENTITY %c "%s">' % (n, b"&%c;" % (n - 1) * 10) for n in range(98, 110)),
)
BLOW_UP = b'<!DOCTYPE response [<!ENTITY a "%s">]>' % (b"x" * 100_000)
ERROR = b'<response version="1.0"><error code="INTERNAL">Kanarienvogel</error></response>'
CUT_BETWEEN = re.compile(rb"(?<=</Contact>)(?=<Contact ).*", re.DOTALL)


def doctype(declaration: bytes) -> Change:
    return contact_pages(lambda body: body.replace(b"?>", b"?>" + declaration, 1))


def edited(find: bytes, put: bytes, page: int | None = None, count: int = 0) -> Change:
    return contact_pages(lambda body: re.sub(find, put, body, count=count), page)


def sent(reply: Reply | bytes) -> Change:
    return contact_pages(lambda _: reply)


def bad_checksum(body: bytes) -> Reply:
    packed = bytearray(gzip.compress(body))
    packed[-8] ^= 0xFF
    return Reply(bytes(packed), headers={"Content-Type": "text/xml", "Content-Encoding": "gzip"})


class Repeated:
    """Answers page 3 with the records of page 2, under the number of page 3."""

    def __init__(self) -> None:
        self.second = b""

    def __call__(self, seen: Seen, body: bytes) -> bytes:
        if b'pageno="1"' in seen.body and b"<Contact>" in seen.body:
            self.second = body
        return self.second.replace(b'pageno="1"', b'pageno="2"') if b'pageno="2"' in seen.body else body


STOPS: dict[str, tuple[Change, str]] = {
    "S1": (sent(b""), "SRC_EMPTY_BODY"),
    "S2": (sent(b" \r\n\t "), "SRC_EMPTY_BODY"),
    "S4": (sent(LOGIN), "SRC_AUTH_PAGE"),
    "S5": (sent(ERROR), "SRC_ERROR_BODY"),
    "S5 of FMG": (list_read_back(lambda _: b'{"error": {"code": "INTERNAL", "message": "Kanarienvogel"}}'), "TGT_SCHEMA"),
    "S6": (contact_pages(lambda body: body[: body.rindex(b"</LastName>") - 1], 2), "SRC_TRUNCATED"),
    "S7": (contact_pages(lambda body: CUT_BETWEEN.sub(b"", body), 2), "SRC_TRUNCATED"),
    "S8": (list_read_back(lambda body: body[: body.rindex(b"{")]), "SRC_TRUNCATED"),
    "S9": (contact_pages(lambda body: Reply(body, headers={"Content-Type": "text/xml"}, cut=len(body) - 40)), "SRC_SHORT_BODY"),
    "S10": (contact_pages(bad_checksum), "SRC_CORRUPT"),
    "S11": (doctype(b'<!DOCTYPE response [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "SRC_DTD_FORBIDDEN"),
    "S13": (doctype(b'<!DOCTYPE response [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'), "SRC_DTD_FORBIDDEN"),
    "S13 external": (doctype(b'<!DOCTYPE response SYSTEM "file:///etc/passwd">'), "SRC_DTD_FORBIDDEN"),
    "S15": (doctype(b"<!DOCTYPE response>"), "SRC_DTD_FORBIDDEN"),
    "S16": (edited(b"<FirstName>", b"<a>" * 100_000 + b"</a>" * 100_000 + b"<FirstName>", count=1), "SRC_TOO_DEEP"),
    "S17": (edited(b"<FirstName>", b"<FirstName>" + b"x" * 11_000_000, count=1), "SRC_TOO_LARGE"),
    "S17 over the cap": (contact_pages(lambda body: body.replace(b"<FirstName>", b"<FirstName>" + b"x" * 67_108_865, 1)), "SRC_TOO_LARGE"),
    "S18": (edited(rb'(?i)encoding="utf-8"', b'encoding="utf-16"'), "SRC_ENCODING"),
    "S19": (edited(element("LastName"), b"<LastName>Kanarienv\xf6gel</LastName>", count=1), "SRC_ENCODING"),
    "S21": (
        list_read_back(lambda body: body.replace(b'"last_name"', b'"last_name": "Kanarienvogel", "last_name"', 1)),
        "SRC_DUPLICATE_KEY",
    ),
    "S22": (list_read_back(lambda body: re.sub(rb'"total": ?\d+', b'"total": NaN', body)), "SRC_BAD_NUMBER"),
    "S22 Infinity": (list_read_back(lambda body: re.sub(rb'"total": ?\d+', b'"total": -Infinity', body)), "SRC_BAD_NUMBER"),
    "S23": (list_read_back(lambda body: re.sub(rb'"total": ?\d+', b'"total": 1e400', body)), "SRC_BAD_NUMBER"),
    "S23 digits": (list_read_back(lambda body: re.sub(rb'"total": ?\d+', b'"total": ' + b"9" * 5000, body)), "SRC_BAD_NUMBER"),
    "S24 of FMG": (list_read_back(lambda body: re.sub(rb'"last_name": ?"', rb'"last_name":"\\ud800', body, count=1)), "SRC_BAD_CHARACTER"),
    "S26": (edited(rb'(?s)( id="Contact\.7\.\d+">)(.*?)( id="Contact\.7\.\d+">)', rb"\1\2\1", 1, 1), "SRC_DUPLICATE_ID"),
    "S28": (edited(rb' id="Contact\.7\.(\d+)"', rb' id="\1"', 1, 1), "SRC_ID_TYPE"),
    "S28 of FMG": (list_read_back(lambda body: re.sub(rb'"contact_id": ?"[^"]+"', b'"contact_id": 7', body, count=1)), "SRC_ID_TYPE"),
    "S29": (edited(rb"<(/?)response", rb"<\1answer"), "SRC_SCHEMA"),
    "S29 namespace": (edited(b"<response ", b'<response xmlns="urn:kanarienvogel" '), "SRC_SCHEMA"),
    "S29 record": (edited(rb"<(/?)Contact\b", rb"<\1Person", 1), "SRC_SCHEMA"),
    "S30": (edited(element("Greeting"), b""), "SRC_FIELD_GONE"),
    "S33": (Repeated(), "SRC_PAGE_REPEATED"),
    "S34": (edited(rb'total="25"', b'total="26"'), "SRC_COUNT_MISMATCH"),
    "S35": (edited(rb' ?searchid="\d+"', b"", 0), "SRC_NO_NEXT_LINK"),
}
HOLDS: dict[str, tuple[Change, str]] = {
    "S3": (edited(rb"(?s)<search .*</search>", b'<search total="0" more="false"><_status>OK</_status></search>', 0), "SRC_ZERO_RECORDS"),
    "S27 of a delivered record": (edited(rb' id="Contact\.7\.\d+"', b"", 1, 1), "SRC_MISSING_ID"),
    "S31": (edited(element("City"), b"<City/>"), "SRC_FIELD_BLANKED"),
}
DATES = {"02/30/1980": "S32", "00/00/0000": "S32 zero", "2999-01-01": "S32 future", "80-01-02": "S32 two digits", "1980-02-30": "S32 ISO"}
TEXTS = {"S20": b"\x00", "S20 reference": b"&#1;", "S20 C1": b"\xc2\x85 ", "S24": b"\xed\xa0\x80", "S24 reference": b"&#xD800;"}
REJECTS: dict[str, tuple[str, bytes, str, str]] = {
    **{row: ("Dob", text.encode(), "SRC_BAD_DATE", "Person.Dob") for text, row in DATES.items()},
    **{row: ("FirstName", b"Kana" + text + b"rienvogel", "SRC_BAD_CHARACTER", "FirstName") for row, text in TEXTS.items()},
}
NAMELESS = {"S27": "Contact", "S27 group": "TagGroup"}
Rejecting = tuple[RunStatus, dict[str, str], list[Any]]


@dataclass
class Scene:
    """A delivered list in FMG, and a way to change what the systems answer; nothing of a test may change either."""

    box: World
    seen: World
    middle: Between

    def __post_init__(self) -> None:
        self.box.run(approve=lambda _: True)
        self.before = self.state()
        fields = ("LastName", "PreferredEmail.Address", "PreferredAddress.Line1", "PreferredPhone.Number")
        self.private = {one[name] for one in self.box.source_contacts() for name in fields if len(one[name]) > 5} | {CANARY}

    def state(self) -> Any:
        return self.box.contacts(), self.box.groups(), self.box.fmg_account(), self.box.writes()

    def names_nobody(self, text: str) -> bool:
        return not any(value in text for value in self.private)

    def report(self) -> str:
        row = self.box.store.runs.latest("smartoffice_to_fmg", "summit", limit=1)[0]
        folder = self.box.zone.report_folder(row.key)
        return folder.read_bytes("report.json").decode() + folder.read_bytes("report.html").decode()


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with world(tmp_path_factory.mktemp("bad"), contacts=25, groups=3, seed=5, page_size=10) as box, between(box.url) as middle:
        yield Scene(box, box.with_(url=middle.url), middle)


@pytest.fixture
def scene(delivered: Scene) -> Iterator[Scene]:
    """The scene, and afterwards: FMG as it was, no write sent, nobody named in the report."""
    yield delivered
    delivered.middle.change = lambda _, body: body
    assert delivered.state() == delivered.before
    assert delivered.names_nobody(delivered.report())


def stopped(scene: Scene, change: Change, **settings: Any) -> CrosswalkError:
    """The error a run ends with; it names the connection or the run and never a value."""
    scene.middle.change = change
    with pytest.raises(CrosswalkError) as caught:
        scene.seen.with_(**settings).run()
    text = "".join(traceback.format_exception(caught.value))
    assert scene.names_nobody(text)
    assert re.search(r"_test|smartoffice_to_fmg/summit", caught.value.operation), caught.value.operation
    row = scene.box.store.runs.latest("smartoffice_to_fmg", "summit", limit=1)[0]
    assert row.error_code == caught.value.code
    return caught.value


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize("row", STOPS)
def test_an_answer_that_cannot_be_trusted_stops_the_run(scene: Scene, row: str) -> None:
    change, code = STOPS[row]
    assert stopped(scene, change).code == code


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize("row", ["S12"])
def test_an_entity_at_an_address_is_not_fetched(scene: Scene, row: str) -> None:
    with LocalServer(lambda _: Reply(b"x")) as trap:
        change = doctype(b'<!DOCTYPE response [<!ENTITY x SYSTEM "%s/x">]>' % trap.url.encode())
        assert stopped(scene, change).code == "SRC_DTD_FORBIDDEN"
        assert trap.seen == []


@pytest.mark.requirement("SAFE-1")
@pytest.mark.parametrize(("row", "bomb"), [("S14", LAUGHS), ("S14 quadratic", BLOW_UP)], ids=["S14", "S14 quadratic"])
def test_a_bomb_costs_neither_time_nor_memory(scene: Scene, row: str, bomb: bytes) -> None:
    held, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    change = contact_pages(lambda body: body.replace(b"?>", b"?>" + bomb, 1).replace(b"<FirstName>", b"<FirstName>" + b"&a;" * 10_000, 1))
    assert stopped(scene, change).code == "SRC_DTD_FORBIDDEN"
    assert time.monotonic() - started < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held < 50_000, "kilobytes"


@pytest.mark.requirement("FMG-09")
@pytest.mark.parametrize("row", ["S36"])
def test_one_over_the_limit_stops_whatever_is_selected(scene: Scene, row: str) -> None:
    assert stopped(scene, contact_count(30_001), scope=("Newsletter",)).code == "LIMIT_CONTACTS"


@pytest.mark.requirement("SAFE-2")
@pytest.mark.parametrize("row", HOLDS)
def test_an_answer_that_would_remove_good_data_waits_for_a_person(scene: Scene, row: str) -> None:
    scene.middle.change, code = HOLDS[row]
    result = scene.seen.run()
    assert result.status is RunStatus.HELD
    assert code in [hold["code"] for hold in result.holds]
    assert scene.names_nobody(str(result.holds))


@pytest.fixture(scope="module")
def rejecting(delivered: Scene) -> Rejecting:
    """One run over every value that cannot travel, each in a record of its own: its status, who got which, and what is rejected now."""
    ids = sorted(delivered.box.seen(), key=lambda one: int(one.rpartition(".")[2]))
    holders = dict(zip(REJECTS, ids, strict=False))
    changes = [with_text(holders[row], name, text) for row, (name, text, *_) in REJECTS.items()]
    changes += [one_more(kind) for kind in NAMELESS.values()]

    def change(seen: Seen, body: bytes) -> bytes | Reply:
        for one in changes:
            changed = one(seen, body)
            assert isinstance(changed, bytes)
            body = changed
        return body

    delivered.middle.change = change
    status = delivered.seen.run().status
    return status, holders, delivered.box.store.rejected.open("smartoffice_to_fmg", "summit")


def with_text(source_id: str, name: str, text: bytes) -> Change:
    """Put a text into one leaf of one SmartOffice contact."""
    return in_record(source_id, element(name), b"<%b>%b</%b>" % (name.encode(), text, name.encode()))


def one_more(kind: str) -> Change:
    """Add a record without an id to a list of SmartOffice's."""
    name = "LastName" if kind == "Contact" else "Name"
    record = f'<{kind} _type="obj"><{name}>{CANARY}</{name}></{kind}></search>'.encode()

    def changed(seen: Seen, body: bytes) -> bytes:
        if f"<{kind}>".encode() not in seen.body or b'pagesize="1"' in seen.body:
            return body
        body = re.sub(rb'total="(\d+)"', lambda found: b'total="%d"' % (int(found[1]) + 1), body)
        return body.replace(b"</search>", record) if b'more="false"' in body else body

    return changed


@pytest.mark.requirement("SAFE-10")
@pytest.mark.parametrize("row", REJECTS)
def test_a_value_that_cannot_travel_rejects_its_record_only(rejecting: Rejecting, scene: Scene, row: str) -> None:
    status, holders, rejected = rejecting
    found = [one for one in rejected if one.source_id == holders[row]]
    assert status is RunStatus.PARTIAL
    assert [(one.code, one.field) for one in found] == [REJECTS[row][2:]]
    assert scene.names_nobody(f"{found[0].reason} {found[0].fix} {found[0].masked}")


@pytest.mark.requirement("SAFE-10")
@pytest.mark.parametrize("row", NAMELESS)
def test_a_record_without_an_id_is_rejected(rejecting: Rejecting, scene: Scene, row: str) -> None:
    entity = "contact" if NAMELESS[row] == "Contact" else "group"
    assert [one.code for one in rejecting[2] if one.entity == entity and not one.source_id] == ["SRC_MISSING_ID"]
