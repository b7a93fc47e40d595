"""Signing in to eMoney: the assertion, the key, the life of a token."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.errors import AuthRefused, ConfigurationError, DataError
from crosswalk.systems.emoney.client import EmoneyClient
from crosswalk.systems.emoney.conformance import API_KEY, KEY, PEM, EmoneyStandIn, client
from crosswalk.systems.emoney.conformance import connect as emoney
from crosswalk.systems.emoney.target import EmoneyTarget
from crosswalk.systems.emoney.tokens import SigningKey


class World:
    def __init__(self) -> None:
        self.emoney = EmoneyStandIn([client(number) for number in range(1, 1201)])
        self.answer: Callable[[Seen], Reply] = self.emoney
        self.server = LocalServer(lambda seen: self.answer(seen))  # noqa: PLW0108 - a test changes the answer

    def connect(self, **changes: Any) -> EmoneyTarget:
        return emoney(self.server.url, **changes)

    def signed_in(self) -> int:
        return len(self.emoney.assertions)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.server:
        yield made


def pem(key: Any, **changes: Any) -> str:
    formats = {"encoding": serialization.Encoding.PEM, "format": serialization.PrivateFormat.PKCS8}
    return str(key.private_bytes(**{**formats, "encryption_algorithm": serialization.NoEncryption(), **changes}).decode())


def test_one_token_serves_a_whole_read_and_every_target_of_the_process(world: World) -> None:
    target = world.connect(key_id="kid-1")
    assert sum(len(page.rows) for page in target.pages("client")) == 1200
    again = EmoneyTarget(EmoneyClient(target.connections._client.settings))
    assert again.state().counts["client"] == 1200
    assert world.signed_in() == 1
    assert world.emoney.headers == [{"alg": "ES256", "typ": "JWT", "kid": "kid-1"}]
    sent = [seen for seen in world.server.seen if "/public/" in seen.path]
    assert {(seen.headers["authorization"], seen.headers["apikey"]) for seen in sent} == {("Bearer token-1", API_KEY)}


def test_without_a_key_id_the_assertion_names_none(world: World) -> None:
    world.connect().state()
    assert "kid" not in world.emoney.headers[0]


def test_a_token_is_renewed_before_it_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("crosswalk.systems.emoney.tokens.time", SimpleNamespace(monotonic=lambda: now, time=time.time))
    target = world.connect()
    target.state()
    now += 3500
    target.state()
    assert world.signed_in() == 1
    now += 60
    target.state()
    assert world.signed_in() == 2


@pytest.mark.requirement("SAFE-5")
@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_token_that_ends_at_any_call_is_not_noticed(world: World, call: int) -> None:
    asked = 0

    def answer(seen: Seen) -> Reply:
        nonlocal asked
        asked += "/public/" in seen.path
        if asked == call and "/public/" in seen.path:
            world.emoney.tokens.append("of nobody")
        return world.emoney(seen)

    world.answer = answer
    assert sum(len(page.rows) for page in world.connect().pages("client")) == 1200
    assert world.signed_in() == 2


def test_a_token_refused_twice_is_final(world: World) -> None:
    world.answer = lambda seen: world.emoney(seen) if "/connect/" in seen.path else Reply(b'{"error": {"code": "TOKEN_INVALID"}}', 401)
    with pytest.raises(AuthRefused, match="TGT_AUTH_FAILED"):
        world.connect().state()
    assert world.signed_in() == 2
    assert len(world.server.seen) == 4


def test_threads_share_one_sign_in(world: World) -> None:
    target = world.connect()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: target.state(), range(8)))
    assert world.signed_in() == 1


def test_a_sign_in_whose_answer_is_lost_is_tried_again_with_another_assertion(world: World) -> None:
    def answer(seen: Seen) -> Reply:
        reply = world.emoney(seen)
        return replace(reply, cut=5) if world.signed_in() == 1 and "/connect/" in seen.path else reply

    world.answer = answer
    world.connect().state()
    assert len({claims["jti"] for claims in world.emoney.assertions}) == world.signed_in() == 2


@pytest.mark.requirement("SAFE-9")
@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("body", [b'{"error": "invalid_client", "error_description": "quinn@example.test"}', b"<html>", b"[]", b""])
def test_a_refused_assertion_is_final_and_tells_nothing(world: World, status: int, body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world.answer = lambda _: Reply(body, status)
    with pytest.raises(AuthRefused) as caught:
        world.connect().state()
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert [word for word in ("quinn@", "client_assertion", API_KEY, PEM[40:80]) if word in told] == []
    assert ("invalid_client" in str(caught.value)) == body.startswith(b"{")
    assert len(world.server.seen) == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"access_token": "", "token_type": "Bearer", "expires_in": 5}',
        '{"access_token": "a b", "token_type": "Bearer", "expires_in": 5}',
        '{"access_token": "ab\\r\\nX: 1", "token_type": "Bearer", "expires_in": 5}',
        '{"access_token": "ab", "token_type": "mac", "expires_in": 5}',
        '{"access_token": "ab", "token_type": "Bearer", "expires_in": 0}',
        '{"access_token": "ab", "token_type": "Bearer", "expires_in": "5"}',
        '{"access_token": "ab", "token_type": "Bearer", "expires_in": true}',
        '{"access_token": "ab", "token_type": "Bearer"}',
    ],
)
def test_a_token_that_is_none_is_not_used(world: World, body: str) -> None:
    world.answer = lambda _: Reply(body.encode(), headers={"Content-Type": "application/json"})
    with pytest.raises(DataError, match="TGT_SCHEMA"):
        world.connect().state()


RSA = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(
    ("text", "algorithm"),
    [
        (PEM, "ES256"),
        (PEM.replace("\n", ""), "ES256"),
        (PEM.replace("\n", "\\n"), "ES256"),
        (PEM.replace("\n", " "), "ES256"),
        (PEM.replace("\n", "\r\n"), "ES256"),
        (pem(KEY, format=serialization.PrivateFormat.TraditionalOpenSSL), "ES256"),
        (pem(RSA), "RS256"),
        (pem(RSA, format=serialization.PrivateFormat.TraditionalOpenSSL), "RS256"),
    ],
    ids=["PEM", "no line breaks", "written out", "spaces", "CRLF", "EC", "RSA", "RSA of OpenSSL"],
)
@pytest.mark.requirement("CARD-5")
def test_a_key_is_read_however_a_form_left_it(text: str, algorithm: str) -> None:
    assert SigningKey.read(text, "emoney_summit").algorithm == algorithm


@pytest.mark.parametrize(
    "text",
    [
        "letmein-Zt81",
        KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
        PEM.replace("M", "N", 1),
        PEM.replace("M", "?", 1),
        PEM[:-40],
        pem(KEY, encryption_algorithm=serialization.BestAvailableEncryption(b"secret")),
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 1024)),
    ],
    ids=["a word", "public", "spoiled", "no base64", "cut", "encrypted", "P-384", "RSA of 1024 bits"],
)
@pytest.mark.requirement("CARD-5", "SAFE-9")
def test_a_key_that_will_not_do_has_a_code_and_is_not_told(world: World, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        world.connect(password=text)
    assert caught.value.code == "CONN_KEY"
    told = "".join(traceback.format_exception(caught.value))
    assert "emoney_summit" in told
    assert text[30:70] not in told or not text[30:70]
    assert world.server.seen == []
