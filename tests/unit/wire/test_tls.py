"""Certificates are checked, always (reliability.md 3.3, C20)."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crosswalk.errors import ConfigurationError
from crosswalk.wire.session import Call, Wire, WireSettings
from systems.local_server import LocalServer, Reply

CALL = Call("GET", "", "reading of fmg_summit")
NOW = datetime.now(UTC)
Issue = Callable[[str, timedelta], ssl.SSLContext]


@pytest.fixture
def issue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Issue:
    """Issue a certificate that this test's requests trust: for a name, valid until some time from now."""

    def make(name: str, valid: timedelta) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        certificate = (
            x509.CertificateBuilder(subject, subject, key.public_key(), 1, NOW - timedelta(days=9), NOW + valid)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = tmp_path / "certificate.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(path))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    return make


def ask(server: LocalServer) -> bytes:
    settings = WireSettings(server.url, "fmg_summit", allow_private_network=True, first_wait=0.001, requests_per_second=1000)
    return Wire(settings).request(CALL).content


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
