"""Certificates are checked, always (reliability.md 3.3, C20)."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from crosswalk.conformance.local_server import LocalServer, Reply
from crosswalk.errors import ConfigurationError
from crosswalk.wire.http import HttpClient, HttpSettings, Request
from systems.certificates import issued

REQUEST = Request("GET", "")
Issue = Callable[[str, timedelta], ssl.SSLContext]


@pytest.fixture
def issue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Issue:
    """Issue a certificate that this test's requests trust: for a name, valid until some time from now."""

    def make(name: str, valid: timedelta) -> ssl.SSLContext:
        context, path = issued(tmp_path, name, valid)
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(path))
        return context

    return make


def ask(server: LocalServer) -> bytes:
    settings = HttpSettings(server.url, "fmg_summit", allow_private_network=True, first_wait=0.001, requests_per_second=1000)
    return HttpClient(settings).send(REQUEST).content


def test_a_good_certificate_passes(issue: Issue) -> None:
    with LocalServer(lambda _: Reply(b"hello"), tls=issue("localhost", timedelta(days=1))) as server:
        assert ask(server) == b"hello"


@pytest.mark.parametrize(("name", "days"), [("other.test", 1), ("localhost", -1)], ids=["wrong name", "expired"])
def test_a_wrong_certificate_is_refused(issue: Issue, name: str, days: int) -> None:
    with LocalServer(lambda _: Reply(b"hello"), tls=issue(name, timedelta(days=days))) as server:
        with pytest.raises(ConfigurationError) as caught:
            ask(server)
        assert (caught.value.code, server.seen) == ("CONN_TLS", [])


def test_a_self_signed_certificate_is_refused(issue: Issue, monkeypatch: pytest.MonkeyPatch) -> None:
    context = issue("localhost", timedelta(days=1))
    monkeypatch.undo()
    with LocalServer(lambda _: Reply(b"hello"), tls=context) as server:
        with pytest.raises(ConfigurationError) as caught:
            ask(server)
        assert (caught.value.code, server.seen) == ("CONN_TLS", [])
