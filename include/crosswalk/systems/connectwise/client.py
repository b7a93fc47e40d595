"""Calls of ConnectWise's REST interface. Contract: README.md. Nothing is tried again here: the wire does that."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from threading import Lock
from urllib.parse import parse_qs, quote, urlsplit

from requests.utils import parse_header_links

from crosswalk.errors import ConfigurationError
from crosswalk.systems.connectwise.payloads import SHAPE
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.connection import ConnectionSettings
from crosswalk.wire.http import Answer, Call
from crosswalk.wire.json_reader import JsonObject
from crosswalk.wire.paging import KeysetGuard
from crosswalk.wire.vendor_client import VendorClient

MAX_PAGE_SIZE = 1000
MAX_PARALLEL = 2

_ACCEPT = ("application/vnd.connectwise.com+json; version=2026.4", "application/json")
_FORWARD = {"pagination-type": "forward-only"}
_CODEBASE = re.compile(r"[A-Za-z0-9_.]{1,60}/?")


class ConnectWiseClient(VendorClient):
    """The interface's calls for one company; safe to use from several threads."""

    connections = MAX_PARALLEL

    def __init__(self, settings: ConnectionSettings) -> None:
        super().__init__(settings)
        self._looking = Lock()

    def count(self, path: str, conditions: str = "") -> int:
        """Count the records of a list, such as /company/contacts."""
        doing = self.doing(f"counting {path}")
        answer = self._wire.exchange(self._call(f"{path}/count", doing, _condition(conditions)), lambda answer: SHAPE.object(answer, doing))
        return SHAPE.count(answer, "count", doing)

    def records(self, path: str, fields: Sequence[str], conditions: str = "") -> Iterator[list[JsonObject]]:
        """Read the records of a list in ascending order of id, page by page. Raises DataError when the pages do not fit together."""
        doing = self.doing(f"reading {path}")
        guard, following = KeysetGuard(doing), ""
        params = {"pageSize": str(self.settings["page_size"]), "fields": ",".join(fields), **_condition(conditions)}
        while True:
            asked = {**params, **({"pageId": following} if following else {})}
            call = self._call(path, doing, asked)
            records, after = self._wire.exchange(call, lambda answer: (SHAPE.list(answer, doing), _next(answer, doing)))
            guard.check([record.get("id") for record in records])
            if after and int(after) < guard.last:
                raise data_error("SRC_NO_NEXT_LINK", doing, "the next link leads back")
            yield records
            if not after:
                return
            following = after

    def _call(self, path: str, doing: str, params: Mapping[str, str]) -> Call:
        with self._looking:
            base = self._base
        return Call("GET", base + path, doing, headers={**self._who(), **_FORWARD}, params=params, accept=_ACCEPT)

    def _who(self) -> dict[str, str]:
        """Who asks; the look-up of the codebase is open to all and carries nothing of it."""
        settings = self.settings
        login = f"{settings['company']}+{settings.login}:{settings.password}"
        return {"Authorization": f"Basic {b64encode(login.encode()).decode()}", "clientId": settings["client_id"]}

    @cached_property
    def _base(self) -> str:
        """Where the company's codebase is, asked once."""
        doing = self.doing("looking up the company's codebase")
        path = "/login/companyinfo/" + quote(self.settings["company"], safe="")
        found = self._wire.exchange(Call("GET", path, doing), lambda answer: _company_info(answer, doing))
        if found is None:
            fix = "correct Company in the connection"
            raise ConfigurationError(
                "CONN_COMPANY_UNKNOWN", operation=doing, problem="ConnectWise does not know the company", next_step=fix
            )
        codebase = SHAPE.text(found, "Codebase", doing)
        if not _CODEBASE.fullmatch(codebase) or ".." in codebase:
            raise SHAPE.wrong(doing, "Codebase")
        return f"/{codebase.rstrip('/')}/apis/3.0"


def _condition(conditions: str) -> dict[str, str]:
    return {"conditions": conditions} if conditions else {}


def _company_info(answer: Answer, doing: str) -> JsonObject | None:
    """Read where the company is; null when there is none of that name."""
    return SHAPE.object(answer, doing) if answer.content.strip() != b"null" else None


def _next(answer: Answer, doing: str) -> str:
    """Give the pageId the next link names, "" at the end. The link's address is not used."""
    links = [one for one in parse_header_links(answer.headers.get("link", "")) if one.get("rel") == "next"]
    if not links:
        return ""
    ids = parse_qs(urlsplit(str(links[0].get("url", ""))).query).get("pageId", [])
    if len(links) > 1 or len(ids) != 1 or not (ids[0].isascii() and ids[0].isdigit()):
        raise data_error("SRC_NO_NEXT_LINK", doing, "another page is announced, but no pageId leads to it")
    return ids[0]
