"""Where a connection may lead: checks a configured address, and every network address its name stands for.

Public https addresses only, unless the connection allows the private network; then loopback and private addresses and
http as well. Link-local addresses (cloud metadata lives there) and an IPv4 address inside an IPv6 one are never allowed.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import idna

from crosswalk.errors import ConfigurationError, TransientError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_DEFAULT_PORTS = {"https": 443, "http": 80}
_FIRST_UNRESERVED_PORT = 1024
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62}(?<!-))?(\.[a-z0-9_]([a-z0-9_-]{0,62}(?<!-))?)*")
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_PRIVATE = tuple(
    ipaddress.ip_network(text) for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in ("fd00:ec2::254/128", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::ffff:0:0/96", "::/96", "fec0::/10")
)
"""Metadata over IPv6; NAT64 (two forms), 6to4, Teredo, mapped and compatible IPv4; site-local."""
_LOOPBACK_6 = ipaddress.ip_address("::1")


@dataclass(frozen=True)
class Endpoint:
    """A checked address. host is lower case and ASCII, without a final dot; path has no final slash."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


@dataclass(frozen=True)
class AddressPolicy:
    """What the connection `name` may reach."""

    name: str
    allow_private_network: bool = False
    allowed_hosts: Sequence[str] = ()
    """The only hosts the connection may name, exactly; none given: any."""

    def check_url(self, url: str) -> Endpoint:
        """Check an address as configured, without looking its name up.

        Raises ConfigurationError: CONN_BAD_CHARACTER, CONN_SCHEME, CONN_USERINFO, CONN_HOST, CONN_PORT, CONN_ADDRESS_BLOCKED,
        CONN_HOST_NOT_ALLOWED.
        """
        check_characters(url, self.name, "the address")
        parts = self._split(url)
        scheme = self._scheme(parts)
        if "@" in parts.netloc:
            raise self._wrong("CONN_USERINFO", "the address holds a user name or password", "put them into Login and Password")
        if parts.query or parts.fragment:
            raise self._wrong("CONN_HOST", "the address has a part after ? or #", "leave that part out")
        host = self._host(parts)
        if self.allowed_hosts and host not in map(self._normalised, self.allowed_hosts):
            found, fix = (
                "the host is not one of Allowed hosts",
                "correct Host, or add the host there if the connection is meant to lead to it",
            )
            raise self._wrong("CONN_HOST_NOT_ALLOWED", found, fix)
        return Endpoint(scheme, host, self._port(parts, scheme), parts.path.rstrip("/"))

    def resolve(self, host: str, port: int) -> list[str]:
        """Look a host up and check EVERY address it has; the caller connects to one of these and to nothing else.

        Raises ConfigurationError (CONN_ADDRESS_BLOCKED) when one of them is not allowed, TransientError (CONN_UNREACHABLE).
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise TransientError(
                "CONN_UNREACHABLE",
                operation=f"looking up the host of {self.name}",
                problem="the name service knows no address for it",
            ) from None
        addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
        for address in addresses:
            self._check_address(ipaddress.ip_address(address))
        return addresses

    def _split(self, url: str) -> SplitResult:
        try:
            return urlsplit(url)
        except ValueError:
            raise self._wrong("CONN_HOST", "the address cannot be read", "correct Host in the connection") from None

    def _scheme(self, parts: SplitResult) -> str:
        allowed = ("https", "http") if self.allow_private_network else ("https",)
        if parts.scheme not in allowed:
            raise self._wrong("CONN_SCHEME", "the scheme is not " + " or ".join(allowed), "set Schema of the connection to https")
        return parts.scheme

    def _host(self, parts: SplitResult) -> str:
        host = self._normalised(parts.hostname or "")
        literal = _literal(host)
        if literal is not None:
            self._check_address(literal)
            return str(literal)
        if _is_short_ipv4(host) or host in _METADATA_NAMES:
            raise self._blocked()
        if (host == "localhost" or host.endswith(".localhost")) and not self.allow_private_network:
            raise self._blocked()
        if not _NAME.fullmatch(host):
            raise self._wrong("CONN_HOST", "the host is blank or no host name", "set Host of the connection to the server's name")
        return host

    def _normalised(self, host: str) -> str:
        host = unicodedata.normalize("NFKC", host).removesuffix(".").lower()
        if host.isascii():
            return host
        try:
            return idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            raise self._wrong("CONN_HOST", "the host is no host name", "set Host of the connection to the server's name") from None

    def _port(self, parts: SplitResult, scheme: str) -> int:
        try:
            port = parts.port
        except ValueError:
            port = -1
        if port is None:
            return _DEFAULT_PORTS[scheme]
        if port not in _DEFAULT_PORTS.values() and not _FIRST_UNRESERVED_PORT <= port <= 65535:
            raise self._wrong("CONN_PORT", "the port is not 443, 80 or between 1024 and 65535", "correct Port in the connection")
        return port

    def _check_address(self, address: IPAddress) -> None:
        if address != _LOOPBACK_6 and any(address in network for network in _NEVER):
            raise self._blocked()
        if self.allow_private_network and any(address in network for network in _PRIVATE):
            return
        if not address.is_global or address.is_multicast or address.is_reserved:
            raise self._blocked()

    def _blocked(self) -> ConfigurationError:
        return self._wrong(
            "CONN_ADDRESS_BLOCKED",
            "the host is, or stands for, an address that is not public",
            "correct Host, or allow the private network in the connection if the server is meant to be there",
        )

    def _wrong(self, code: str, found: str, fix: str) -> ConfigurationError:
        return ConfigurationError(code, operation=f"checking the address of {self.name}", problem=found, next_step=fix)


def check_characters(text: str, name: str, what: str, *, ascii_only: bool = False) -> None:
    """Raise CONN_BAD_CHARACTER when `text`, bound for an address, a header or a document, holds a character that cannot go there."""
    refused = ("Cc", "Cf", "Cs", "Zl", "Zp")
    if (ascii_only and not text.isascii()) or any(unicodedata.category(character) in refused for character in text):
        raise ConfigurationError(
            "CONN_BAD_CHARACTER",
            operation=f"checking the connection {name}",
            problem=f"{what} holds a line break or another character that cannot stand there",
        )


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_short_ipv4(host: str) -> bool:
    """Whether the system would read the text as an IPv4 address all the same: decimal, octal, hex, fewer than four parts."""
    try:
        socket.inet_aton(host)
    except (OSError, UnicodeError):
        return False
    return True
