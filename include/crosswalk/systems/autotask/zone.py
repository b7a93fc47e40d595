"""Where a database lives: the zone look-up, and whether its answer may be given the credentials."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from crosswalk.errors import ConfigurationError, TransientError
from crosswalk.systems.autotask.payloads import READER
from crosswalk.wire.http import HttpClient, Request, Response
from crosswalk.wire.url_policy import AddressPolicy, Endpoint


@dataclass(frozen=True)
class Credentials:
    """Who asks, in three headers."""

    user: str
    secret: str = field(repr=False)
    integration_code: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        return {"ApiIntegrationCode": self.integration_code, "UserName": self.user, "Secret": self.secret}


def look_up(entry: HttpClient, user: str) -> Endpoint:
    """Ask where the user's database lives; no credentials are sent.

    Raises TransientError SRC_ZONE_UNKNOWN (Autotask answers an unknown user with 500), ConfigurationError CONN_ZONE_FOREIGN and what
    the address check raises.
    """

    def read(response: Response) -> str:
        if response.status == 500:
            raise TransientError("SRC_ZONE_UNKNOWN", problem="Autotask failed, or does not know the API user")
        return READER.text(READER.object(response), "url")

    url = entry.fetch(Request("GET", "/zoneInformation", params={"user": user}, expect=(500,)), read)
    if not url:
        raise READER.wrong("url")
    settings = entry.settings
    zone = AddressPolicy(settings.name, settings.allow_private_network, settings.allowed_hosts).check_url(url)
    if zone.scheme != entry.endpoint.scheme or not _related(zone.host, entry.endpoint.host):
        raise ConfigurationError("CONN_ZONE_FOREIGN", problem="the zone's address is not under the domain of Host, or has another schema")
    return zone


def _related(zone: str, entry: str) -> bool:
    """Whether both are one host, or names under one parent domain of at least two labels."""
    if zone == entry:
        return True
    parent = entry.partition(".")[2]
    return "." in parent and not _is_address(entry) and zone.endswith("." + parent)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
