"""Requests to ConnectWise's REST interface. Contract: README.md. The HTTP client retries them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from urllib.parse import parse_qs, quote, urlsplit

from requests.utils import parse_header_links

from crosswalk.errors import ConfigurationError
from crosswalk.systems.connectwise.payloads import READER
from crosswalk.wire.body_checks import data_error
from crosswalk.wire.http import HttpClient, HttpSettings, Request, Response
from crosswalk.wire.json_reader import JsonObject
from crosswalk.wire.paging import KeysetGuard
from crosswalk.wire.url_policy import check_characters

MAX_PAGE_SIZE = 1000
MAX_PARALLEL = 2

_ACCEPT = ("application/vnd.connectwise.com+json; version=2026.4", "application/json")
_FORWARD = {"pagination-type": "forward-only"}
_CODEBASE = re.compile(r"[A-Za-z0-9_.]{1,60}/?")


@dataclass(frozen=True)
class ConnectWiseSettings:
    """A ConnectWise connection. base_url: what comes before /login; company: the id people sign in with; name: the connection id."""

    base_url: str
    company: str
    public_key: str
    private_key: str = field(repr=False)
    client_id: str
    page_size: int = MAX_PAGE_SIZE
    requests_per_second: float = 10
    allow_private_network: bool = False
    allowed_hosts: Sequence[str] = ()
    first_wait: float = 0.5
    name: str = "connectwise"

    def __post_init__(self) -> None:
        if not self.private_key:
            raise self._wrong("CONN_SECRET_MISSING", "Password, the private key, is blank")
        if not (self.company and self.public_key and self.client_id):
            raise self._wrong("CONN_EXTRA", "Company, Login or Client id is blank")
        if ":" in self.company + self.public_key or "+" in self.company:
            raise self._wrong("CONN_EXTRA", "Company or Login holds a colon or a plus sign")
        if not 1 <= self.page_size <= MAX_PAGE_SIZE:
            raise self._wrong("CONN_EXTRA", f"Page size is not between 1 and {MAX_PAGE_SIZE}")
        for text in (self.company, self.public_key, self.private_key, self.client_id):
            check_characters(text, self.name, "Company, Login, Password or Client id", ascii_only=True)

    def _wrong(self, code: str, found: str, fix: str = "") -> ConfigurationError:
        return ConfigurationError(code, operation=f"checking the connection {self.name}", problem=found, next_step=fix)

    @property
    def headers(self) -> dict[str, str]:
        """Who asks."""
        login = f"{self.company}+{self.public_key}:{self.private_key}"
        return {"Authorization": f"Basic {b64encode(login.encode()).decode()}", "clientId": self.client_id}


class ConnectWiseClient:
    """The interface's calls for one company; safe to use from several threads."""

    def __init__(self, settings: ConnectWiseSettings) -> None:
        self.settings = settings
        self._http = HttpClient(
            HttpSettings(
                base_url=settings.base_url.rstrip("/"),
                name=settings.name,
                requests_per_second=settings.requests_per_second,
                allow_private_network=settings.allow_private_network,
                allowed_hosts=settings.allowed_hosts,
                first_wait=settings.first_wait,
                connections=MAX_PARALLEL,
            )
        )
        self._looking = Lock()
        self.host = self._http.endpoint.host
        self.operation = self._http.operation

    def count(self, path: str, conditions: str = "") -> int:
        """Count the records of a list, such as /company/contacts."""
        with self.operation(f"counting {path}"):
            response = self._http.fetch(self._request(f"{path}/count", _condition(conditions)), READER.object)
            return READER.count(response, "count")

    def records(self, path: str, fields: Sequence[str], conditions: str = "") -> Iterator[list[JsonObject]]:
        """Read the records of a list in ascending order of id, page by page. Raises DataError when the pages do not fit together."""
        guard, following, number = KeysetGuard(), "", 0
        params = {"pageSize": str(self.settings.page_size), "fields": ",".join(fields), **_condition(conditions)}
        while number == 0 or following:
            number += 1
            with self.operation(f"reading {path}", number):
                asked = {**params, **({"pageId": following} if following else {})}
                records, following = self._http.fetch(self._request(path, asked), lambda response: (READER.list(response), _next(response)))
                guard.check([record.get("id") for record in records])
                if following and int(following) < guard.last:
                    raise data_error("SRC_NO_NEXT_LINK", "the next link leads back")
            yield records

    @property
    def sent(self) -> Counter[str]:
        """Requests sent so far by HTTP method, tries included."""
        return self._http.sent

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def _request(self, path: str, params: Mapping[str, str]) -> Request:
        with self._looking:
            base = self._base
        return Request("GET", base + path, headers={**self.settings.headers, **_FORWARD}, params=params, accept=_ACCEPT)

    @cached_property
    def _base(self) -> str:
        """Where the company's codebase is, asked once."""
        with self.operation("looking up the company's codebase"):
            path = f"/login/companyinfo/{quote(self.settings.company, safe='')}"
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
