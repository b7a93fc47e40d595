"""Where a connection may lead (reliability.md 3.3, C2 to C19)."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from crosswalk.errors import ConfigurationError, CrosswalkError, TransientError
from crosswalk.wire.url_policy import AddressPolicy

PUBLIC = AddressPolicy("fmg_summit")
PRIVATE = AddressPolicy("fmg_summit", allow_private_network=True)


def code_of(url: str, policy: AddressPolicy = PUBLIC) -> str:
    with pytest.raises(ConfigurationError) as caught:
        policy.check_url(url)
    assert "fmg_summit" in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://", "CONN_HOST"),
        ("https:///path", "CONN_HOST"),
        ("https://bad_host!.test", "CONN_HOST"),
        ("https://-a.test", "CONN_HOST"),
        ("https://a..test", "CONN_HOST"),
        ("https://[::1", "CONN_HOST"),
        ("https://api.test/?x=1", "CONN_HOST"),
        ("http://api.test", "CONN_SCHEME"),
        ("file:///etc/passwd", "CONN_SCHEME"),
        ("ftp://api.test", "CONN_SCHEME"),
        ("gopher://api.test", "CONN_SCHEME"),
        ("data:text/plain,x", "CONN_SCHEME"),
        ("api.test", "CONN_SCHEME"),
        ("https://user:hunter22@api.test", "CONN_USERINFO"),
        ("https://user@api.test", "CONN_USERINFO"),
        ("https://localhost", "CONN_ADDRESS_BLOCKED"),
        ("https://LOCALHOST.", "CONN_ADDRESS_BLOCKED"),
        ("https://x.localhost", "CONN_ADDRESS_BLOCKED"),
        ("https://127.0.0.1", "CONN_ADDRESS_BLOCKED"),
        ("https://[::1]", "CONN_ADDRESS_BLOCKED"),
        ("https://0.0.0.0", "CONN_ADDRESS_BLOCKED"),
        ("https://[::]", "CONN_ADDRESS_BLOCKED"),
        ("https://2130706433", "CONN_ADDRESS_BLOCKED"),
        ("https://017700000001", "CONN_ADDRESS_BLOCKED"),
        ("https://0x7f.0.0.1", "CONN_ADDRESS_BLOCKED"),
        ("https://0x7f000001", "CONN_ADDRESS_BLOCKED"),
        ("https://127.1", "CONN_ADDRESS_BLOCKED"),
        ("https://１２７.０.０.１", "CONN_ADDRESS_BLOCKED"),
        ("https://[::ffff:127.0.0.1]", "CONN_ADDRESS_BLOCKED"),
        ("https://[::ffff:8.8.8.8]", "CONN_ADDRESS_BLOCKED"),
        ("https://[::127.0.0.1]", "CONN_ADDRESS_BLOCKED"),
        ("https://[64:ff9b::7f00:1]", "CONN_ADDRESS_BLOCKED"),
        ("https://[2002:7f00:1::]", "CONN_ADDRESS_BLOCKED"),
        ("https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "CONN_ADDRESS_BLOCKED"),
        ("https://169.254.169.254", "CONN_ADDRESS_BLOCKED"),
        ("https://metadata.google.internal", "CONN_ADDRESS_BLOCKED"),
        ("https://[fd00:ec2::254]", "CONN_ADDRESS_BLOCKED"),
        ("https://10.1.2.3", "CONN_ADDRESS_BLOCKED"),
        ("https://172.16.0.1", "CONN_ADDRESS_BLOCKED"),
        ("https://192.168.1.1", "CONN_ADDRESS_BLOCKED"),
        ("https://100.64.0.1", "CONN_ADDRESS_BLOCKED"),
        ("https://[fe80::1]", "CONN_ADDRESS_BLOCKED"),
        ("https://[fc00::1]", "CONN_ADDRESS_BLOCKED"),
        ("https://224.0.0.1", "CONN_ADDRESS_BLOCKED"),
        ("https://api.test\nevil", "CONN_BAD_CHARACTER"),
        ("https://api.test\r\nX: y", "CONN_BAD_CHARACTER"),
        ("https://api\x00.test", "CONN_BAD_CHARACTER"),
        ("https://api\u200b.test", "CONN_BAD_CHARACTER"),
        ("https://api.test:0", "CONN_PORT"),
        ("https://api.test:22", "CONN_PORT"),
        ("https://api.test:70000", "CONN_PORT"),
        ("https://api.test:text", "CONN_PORT"),
        ("https://api.test:-1", "CONN_PORT"),
    ],
)
def test_an_unsafe_address_is_refused(url: str, code: str) -> None:
    assert code_of(url) == code


@pytest.mark.requirement("SAFE-9")
def test_a_password_in_the_address_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as caught:
        PUBLIC.check_url("https://user:hunter22@api.test")
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://API.Example.Test./v1/", "https://api.example.test/v1"),
        ("https://api.test:443", "https://api.test"),
        ("https://api.test:8443/x", "https://api.test:8443/x"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://8.8.8.8", "https://8.8.8.8"),
        ("https://[2606:4700:4700::1111]:8443", "https://[2606:4700:4700::1111]:8443"),
    ],
)
def test_a_public_address_is_normalised(url: str, plain: str) -> None:
    assert PUBLIC.check_url(url).url == plain


@pytest.mark.parametrize(
    "url", ["http://localhost:8900", "http://127.0.0.1:8900/fmg", "https://[::1]:8443", "http://sandbox:8900", "http://10.0.0.7"]
)
def test_a_private_address_passes_where_it_is_allowed(url: str) -> None:
    assert PRIVATE.check_url(url).url == url


@pytest.mark.parametrize(
    "url",
    [
        *("http://169.254.169.254", "http://[::ffff:127.0.0.1]", "http://127.1", "http://0.0.0.0", "http://[fe80::1]", "ftp://localhost"),
        *("http://[fd00:ec2::254]", "http://[64:ff9b::808:808]", "http://[2002:808:808::]"),
    ],
)
def test_what_stays_refused_where_private_addresses_are_allowed(url: str) -> None:
    assert code_of(url, PRIVATE) in ("CONN_ADDRESS_BLOCKED", "CONN_SCHEME")


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("api.test", True),
        ("API.Test.", True),
        ("bücher.example", True),
        ("xn--bcher-kva.example", True),
        ("api.test.evil.example", False),
        ("evil-api.test", False),
        ("evil.api.test", False),
        ("test", False),
        ("\u0430pi.test", False),
    ],
)
def test_a_list_of_hosts_is_kept_to_exactly(host: str, allowed: bool) -> None:
    policy = AddressPolicy("fmg_summit", allowed_hosts=("api.test", "Bücher.example."))
    if allowed:
        assert policy.check_url(f"https://{host}:8443").port == 8443
    else:
        assert code_of(f"https://{host}", policy) == "CONN_HOST_NOT_ALLOWED"


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def test_a_public_name_gives_its_addresses_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "93.184.216.34", "93.184.216.34", "2606:4700:4700::1111")
    assert PUBLIC.resolve("api.test", 443) == ["93.184.216.34", "2606:4700:4700::1111"]


@pytest.mark.parametrize(
    "addresses", [("10.0.0.5",), ("93.184.216.34", "127.0.0.1"), ("93.184.216.34", "fe80::1%eth0"), ("::ffff:10.0.0.5",)]
)
def test_one_blocked_address_is_enough(monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]) -> None:
    names(monkeypatch, *addresses)
    with pytest.raises(CrosswalkError) as caught:
        PUBLIC.resolve("api.test", 443)
    assert caught.value.code == "CONN_ADDRESS_BLOCKED"


def test_an_unknown_name_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(TransientError) as caught:
        PUBLIC.resolve("api.test", 443)
    assert caught.value.code == "CONN_UNREACHABLE"
