"""Answers that are no answer, all with status 200: what a proxy, an expired session or a broken server may say in place of a page."""

from __future__ import annotations

from crosswalk.conformance.local_server import Reply

XML = {"Content-Type": "text/xml; charset=utf-8"}


def _xml(inside: str) -> Reply:
    return Reply(f'<?xml version="1.0" encoding="UTF-8"?>{inside}'.encode(), headers=XML)


FALSE_ANSWERS: dict[str, Reply] = {
    "a login page": Reply(b"<!DOCTYPE html><html><body><form action='/login'></form></body></html>", headers={"Content-Type": "text/html"}),
    "a login page called XML": _xml("<html><body><form action='/login'/></body></html>"),
    "nothing": Reply(b"", headers=XML),
    "white space": Reply(b" \r\n\t ", headers=XML),
    "a bare root": _xml('<response version="1.0"/>'),
    "an error": _xml('<response version="1.0"><error code="INTERNAL">no</error></response>'),
    "an error without a code": _xml('<response version="1.0"><error>no</error></response>'),
    "a refused sign-in": _xml('<response version="1.0"><error code="AUTH_FAILED">no</error></response>'),
    "a status that is not OK": _xml('<response version="1.0"><search total="0" more="false"><_status>FAILED</_status></search></response>'),
    "a search without counts": _xml('<response version="1.0"><search><_status>OK</_status></search></response>'),
    "another operation": _xml('<response version="1.0"><insert><_status>OK</_status></insert></response>'),
    "JSON": Reply(b'{"error": {"code": "UNAUTHORIZED"}}', headers={"Content-Type": "application/json"}),
    "JSON called XML": Reply(b'{"contacts": [], "total": 0}', headers=XML),
    "plain text": Reply(b"Service temporarily unavailable", headers={"Content-Type": "text/plain"}),
    "half a document": Reply(b'<?xml version="1.0"?><response version="1.0"><search total="0" mo', headers=XML),
}
EMPTY_LISTS: dict[str, Reply] = {
    "search": _xml('<response version="1.0"><search total="0" more="false"><_status>OK</_status></search></response>'),
    "report": _xml(
        '<response version="1.0"><method><_status>OK</_status><DynamicReport total="0" more="false"></DynamicReport></method></response>'
    ),
}
