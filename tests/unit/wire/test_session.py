"""Requests over real sockets: what is tried again, what is refused, and what never leaves."""

from __future__ import annotations

import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests.exceptions
import urllib3.exceptions

from crosswalk.conformance.local_server import LocalServer, Reply, Seen
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, PermanentError, RateLimited, TransientError
from crosswalk.wire.error_translation import translate
from crosswalk.wire.http import HttpClient, HttpSettings, Request, Response

Serve = Callable[..., LocalServer]
REQUEST = Request("GET", "/things", params={"after": "canary-query"})


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[LocalServer] = []

    def start(*replies: Reply | Callable[[Seen], Reply]) -> LocalServer:
        """Answer with each reply in turn, the last one for ever."""
        queue = list(replies)

        def answer(seen: Seen) -> Reply:
            reply = queue.pop(0) if len(queue) > 1 else queue[0]
            return reply if isinstance(reply, Reply) else reply(seen)

        server = LocalServer(answer)
        servers.append(server)
        return server.__enter__()

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def http_client(server: LocalServer, **changes: Any) -> HttpClient:
    settings = {"requests_per_second": 1000, "first_wait": 0.001, "allow_private_network": True, "connect_timeout": 2, "read_timeout": 2}
    return HttpClient(HttpSettings(server.url, "fmg_summit", **{**settings, **changes}))


def error_of(server: LocalServer, request: Request = REQUEST, **changes: Any) -> CrosswalkError:
    client = http_client(server, **changes)
    with pytest.raises(CrosswalkError) as caught, client.operation("reading things"):
        client.send(request)
    return caught.value


def test_an_answer_is_unpacked_and_the_connection_kept(serve: Serve) -> None:
    server = serve(Reply(b"hello", packed=True, headers={"Content-Type": "text/plain"}))
    client = http_client(server, headers={"Authorization": "Bearer x"})
    answers = [client.send(REQUEST) for _ in range(5)]
    assert answers[0] == Response(200, answers[0].headers, b"hello")
    assert answers[0].content_type == "text/plain"
    assert server.connections == 1
    assert server.seen[0].headers["accept-encoding"] == "gzip"
    assert server.seen[0].headers["authorization"] == "Bearer x"
    assert server.seen[0].query == {"after": "canary-query"}


@pytest.mark.parametrize(
    "fault",
    [Reply(status=status) for status in (408, 429, 500, 501, 502, 503, 504)]
    + [Reply(drop=True), Reply(b"x" * 5000, cut=100), Reply(status=503, headers={"Retry-After": "0"})],
    ids=str,
)
def test_a_passing_fault_is_tried_again(serve: Serve, fault: Reply) -> None:
    server = serve(fault, fault, Reply(b"there"))
    assert http_client(server).send(REQUEST).content == b"there"
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    ("fault", "code", "kind", "tries"),
    [
        (Reply(status=429), "CONN_RATE_LIMITED", RateLimited, 5),
        (Reply(status=500), "CONN_SERVER_ERROR", TransientError, 5),
        (Reply(drop=True), "CONN_BROKEN", TransientError, 5),
        (Reply(b"x" * 5000, cut=100), "SRC_SHORT_BODY", TransientError, 5),
        (Reply(b"5\r\nhe", headers={"Content-Length": "", "Transfer-Encoding": "chunked"}, cut=5), "SRC_SHORT_BODY", TransientError, 5),
        (Reply(status=401), "CONN_AUTH_FAILED", AuthRefused, 1),
        (Reply(status=403), "CONN_AUTH_FAILED", AuthRefused, 1),
        (Reply(status=404), "CONN_STATUS", PermanentError, 1),
        (Reply(status=418), "CONN_STATUS", PermanentError, 1),
        (Reply(status=302, headers={"Location": "https://other.test/"}), "CONN_REDIRECT", ConfigurationError, 1),
        (Reply(status=307, headers={"Location": "http://[bad"}), "CONN_REDIRECT", ConfigurationError, 1),
        (Reply(b"not gzip", headers={"Content-Encoding": "gzip"}), "SRC_CORRUPT", CrosswalkError, 1),
        (Reply(b"x", headers={"Content-Encoding": "br"}), "SRC_CORRUPT", CrosswalkError, 1),
        (Reply(b"x" * 3000), "SRC_TOO_LARGE", CrosswalkError, 1),
        (Reply(b"x" * 3_000_000, packed=True), "SRC_TOO_LARGE", CrosswalkError, 1),
        (Reply(b"x" * 300_000, packed=True), "SRC_TOO_LARGE", CrosswalkError, 1),
    ],
    ids=str,
)
def test_a_lasting_fault_ends_with_its_code(serve: Serve, fault: Reply, code: str, kind: type[CrosswalkError], tries: int) -> None:
    server = serve(fault)
    error = error_of(server, max_body=8000 if code == "SRC_SHORT_BODY" else 2000)
    assert (error.code, len(server.seen)) == (code, tries)
    assert isinstance(error, kind)
    assert error.operation == "reading things of fmg_summit"
    assert "canary-query" not in "".join(traceback.format_exception(error))


def test_a_damaged_checksum_is_noticed(serve: Serve) -> None:
    import gzip

    packed = bytearray(gzip.compress(b"hello" * 100))
    packed[-5] ^= 0xFF
    assert error_of(serve(Reply(bytes(packed), headers={"Content-Encoding": "gzip"}))).code == "SRC_CORRUPT"
    assert error_of(serve(Reply(bytes(packed[:-9]), headers={"Content-Encoding": "gzip"}))).code == "SRC_CORRUPT"


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    other = serve(Reply(b"stolen"))
    server = serve(Reply(status=302, headers={"Location": other.url}))
    assert error_of(server).code == "CONN_REDIRECT"
    assert other.seen == []


def test_a_silent_server_times_out(serve: Serve) -> None:
    assert error_of(serve(Reply(wait=1)), read_timeout=0.05, attempts=2).code == "CONN_TIMEOUT"


def test_a_dripping_body_times_out(serve: Serve) -> None:
    started = time.monotonic()
    error = error_of(serve(Reply(b"x" * 1000, drip=0.02)), read_timeout=1, total_timeout=0.2, attempts=1)
    assert error.code == "CONN_TIMEOUT"
    assert time.monotonic() - started < 1


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(TransientError) as caught:
        HttpClient(HttpSettings(url, "fmg_summit", allow_private_network=True, attempts=2, first_wait=0.001)).send(REQUEST)
    assert caught.value.code == "CONN_UNREACHABLE"


def test_the_caller_reads_the_statuses_it_expects(serve: Serve) -> None:
    request = Request("PUT", "/part", content=b"{}", expect=frozenset({409, 413}))
    answer = http_client(serve(Reply(b"closed", 409))).send(request)
    assert (answer.status, answer.content) == (409, b"closed")


def test_a_transient_error_of_the_reader_is_tried_again(serve: Serve) -> None:
    server = serve(Reply(b"busy"), Reply(b"done"))

    def read(answer: Response) -> bytes:
        if answer.content == b"busy":
            raise TransientError("SRC_BUSY", operation="a", problem="b", next_step="c")
        return answer.content

    assert http_client(server).fetch(REQUEST, read) == b"done"


def test_the_same_write_is_sent_again(serve: Serve) -> None:
    server = serve(Reply(drop=True), Reply(status=502), Reply(b"ok"))
    http_client(server).send(Request("PUT", "/part/1", content=b"body", headers={"Idempotency-Key": "k-1"}))
    assert {(seen.method, seen.path, seen.body, seen.headers["idempotency-key"]) for seen in server.seen} == {
        ("PUT", "/part/1", b"body", "k-1")
    }


def test_the_vendor_s_wait_is_kept(serve: Serve) -> None:
    server = serve(Reply(status=429, headers={"Retry-After": "1"}), Reply(b"ok"))
    started = time.monotonic()
    http_client(server).send(REQUEST)
    assert 1.0 < time.monotonic() - started < 2


def test_a_wait_too_long_is_handed_on(serve: Serve) -> None:
    server = serve(Reply(status=429, headers={"Retry-After": "3600"}))
    error = error_of(server)
    assert isinstance(error, RateLimited)
    assert (error.wait_seconds, len(server.seen)) == (3600, 1)


def test_cookies_belong_to_one_session(serve: Serve) -> None:
    server = serve(lambda seen: Reply(seen.headers.get("cookie", "").encode(), headers={"Set-Cookie": "JSESSIONID=s1; Path=/"}))
    first = http_client(server)
    second = first.new_session()
    assert [first.send(REQUEST).content, first.send(REQUEST).content] == [b"", b"JSESSIONID=s1"]
    assert second.send(REQUEST).content == b""
    assert server.connections == 1


@pytest.mark.requirement("SAFE-9")
def test_nothing_private_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(Reply(b"canary-body", 500), Reply(b"canary-body"))
    http_client(server, headers={"Authorization": "canary-header"}).send(REQUEST)
    assert "trying again" in caplog.text
    assert "canary" not in caplog.text


def test_the_environment_has_no_say(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = serve(Reply(b"proxied"))
    server = serve(Reply(b"direct"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, trap.url)
    assert http_client(server).send(REQUEST).content == b"direct"
    assert trap.seen == []


def test_a_name_that_changes_its_address_leads_nowhere(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the address that was checked is the one connected to; a later look-up with a blocked one is refused."""
    server = serve(Reply(b"hello", headers={"Connection": "close"}))
    real, answers = socket.getaddrinfo, ["127.0.0.1", "169.254.169.254"]

    def look_up(host: str, *args: Any, **options: Any) -> Any:
        return real(answers.pop(0) if host == "rebind.test" else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    settings = HttpSettings(f"http://rebind.test:{server.port}", "fmg_summit", allow_private_network=True)
    client = HttpClient(settings)
    assert client.send(REQUEST).content == b"hello"
    assert server.seen[0].headers["host"] == f"rebind.test:{server.port}"
    with pytest.raises(ConfigurationError) as caught:
        client.send(REQUEST)
    assert caught.value.code == "CONN_ADDRESS_BLOCKED"
    assert answers == []


def test_a_blocked_address_gets_no_connection(serve: Serve) -> None:
    server = serve(Reply(b"hello"))
    with pytest.raises(ConfigurationError):
        HttpClient(HttpSettings(server.url.replace("http:", "https:"), "fmg_summit"))
    assert server.seen == []


@pytest.mark.parametrize("secret", ["a\nb", "a\r\nX-Evil: 1", "schlüssel"])
def test_a_secret_that_breaks_a_header_is_refused(serve: Serve, secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        http_client(serve(Reply()), headers={"Authorization": secret})
    assert caught.value.code == "CONN_BAD_CHARACTER"
    assert secret not in str(caught.value)


def test_the_rate_is_kept_by_all_who_share_the_connection(serve: Serve) -> None:
    server = serve(Reply(b"ok"))
    clients = [shared(server) for _ in range(3)]
    started = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: clients[number % 3].send(REQUEST), range(30)))
    assert time.monotonic() - started > 0.95


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_that_lets_nothing_through_is_refused(serve: Serve, rate: float) -> None:
    with pytest.raises(ConfigurationError) as caught:
        http_client(serve(Reply()), requests_per_second=rate)
    assert caught.value.code == "CONN_EXTRA"


def shared(server: LocalServer) -> HttpClient:
    return HttpClient(HttpSettings(server.url, "fmg_shared", requests_per_second=20, allow_private_network=True))


def test_no_more_than_the_agreed_number_at_a_time(serve: Serve) -> None:
    running, most = [0], [0]

    def answer(_: Seen) -> Reply:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.02)
        running[0] -= 1
        return Reply(b"ok")

    client = http_client(serve(answer), connections=4)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: client.send(REQUEST), range(24)))
    assert most[0] <= 4


def foreign() -> list[type[Exception]]:
    found = {
        kind
        for module in (requests.exceptions, urllib3.exceptions)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, Warning)
    }
    return sorted(found - {Exception}, key=lambda kind: (kind.__module__, kind.__name__))


@pytest.mark.parametrize("kind", foreign(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_foreign_exception_is_translated(kind: type[Exception], serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        error = kind.__new__(kind)
        Exception.__init__(error, "https://fmg.test/?secret=canary")
        raise error

    client = http_client(serve(Reply()), attempts=1)
    monkeypatch.setattr(requests.Session, "send", fail)
    with pytest.raises(CrosswalkError) as caught:
        client.send(REQUEST)
    assert caught.value.code.startswith(("CONN_", "SRC_"))
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_what_the_translation_says() -> None:
    told = {
        requests.exceptions.ConnectTimeout("x"): "CONN_TIMEOUT",
        requests.exceptions.SSLError("x"): "CONN_TLS",
        requests.exceptions.InvalidHeader("x"): "CONN_BAD_CHARACTER",
        requests.exceptions.InvalidURL("x"): "CONN_HOST",
        requests.exceptions.ContentDecodingError("x"): "SRC_CORRUPT",
        requests.exceptions.ConnectionError(ConnectionResetError("x")): "CONN_BROKEN",
        urllib3.exceptions.IncompleteRead(1, 2): "SRC_SHORT_BODY",
        ConnectionResetError("x"): "CONN_BROKEN",
        TimeoutError("x"): "CONN_TIMEOUT",
    }
    assert {translate(error).code: code for error, code in told.items()} == {code: code for code in told.values()}
