"""Requests to ConnectWise's REST interface. Contract: README.md. The HTTP client retries them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from threading import Lock
from urllib.parse import parse_qs, quote, urlsplit

from requests.utils import parse_header_links

from crosswalk.errors import ConfigurationError
from crosswalk.systems.connectwise.payloads import READER
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.connection import ConnectionSettings
from crosswalk.wire.http import Request, Response
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
        with self.operation(f"counting {path}"):
            response = self._http.fetch(self._request(f"{path}/count", _condition(conditions)), READER.object)
            return READER.count(response, "count")

    def records(self, path: str, fields: Sequence[str], conditions: str = "") -> Iterator[list[JsonObject]]:
        """Read the records of a list in ascending order of id, page by page. Raises DataError when the pages do not fit together."""
        guard, following, number = KeysetGuard(), "", 0
        params = {"pageSize": str(self.settings["page_size"]), "fields": ",".join(fields), **_condition(conditions)}
        while number == 0 or following:
            number += 1
            with self.operation(f"reading {path}", number):
                asked = {**params, **({"pageId": following} if following else {})}
                records, following = self._http.fetch(self._request(path, asked), lambda response: (READER.list(response), _next(response)))
                guard.check([record.get("id") for record in records])
                if following and int(following) < guard.last:
                    raise data_error("SRC_NO_NEXT_LINK", "the next link leads back")
            yield records

    def _request(self, path: str, params: Mapping[str, str]) -> Request:
        with self._looking:
            base = self._base
        return Request("GET", base + path, headers={**self._who(), **_FORWARD}, params=params, accept=_ACCEPT)

    def _who(self) -> dict[str, str]:
        """Who asks; the look-up of the codebase is open to all and carries nothing of it."""
        settings = self.settings
        login = f"{settings['company']}+{settings.login}:{settings.password}"
        return {"Authorization": f"Basic {b64encode(login.encode()).decode()}", "clientId": settings["client_id"]}

    @cached_property
    def _base(self) -> str:
        """Where the company's codebase is, asked once."""
        with self.operation("looking up the company's codebase"):
            path = f"/login/companyinfo/{quote(self.settings['company'], safe='')}"
            found = self._http.fetch(Request("GET", path), _company_info)
            if found is None:
                raise ConfigurationError("CONN_COMPANY_UNKNOWN", problem="ConnectWise does not know the company")
            codebase = READER.text(found, "Codebase")
            if not _CODEBASE.fullmatch(codebase) or ".." in codebase:
                raise READER.wrong("Codebase")
            return f"/{codebase.rstrip('/')}/apis/3.0"


def _condition(conditions: str) -> dict[str, str]:
    return {"conditions": conditions} if conditions else {}


def _company_info(response: Response) -> JsonObject | None:
    """Read where the company is; null when there is none of that name."""
    return READER.object(response) if response.content.strip() != b"null" else None


def _next(response: Response) -> str:
    """Give the pageId the next link names, "" at the end. The link's address is not used."""
    links = [one for one in parse_header_links(response.headers.get("link", "")) if one.get("rel") == "next"]
    if not links:
        return ""
    ids = parse_qs(urlsplit(str(links[0].get("url", ""))).query).get("pageId", [])
    if len(links) > 1 or len(ids) != 1 or not (ids[0].isascii() and ids[0].isdigit()):
        raise data_error("SRC_NO_NEXT_LINK", "another page is announced, but no pageId leads to it")
    return ids[0]
