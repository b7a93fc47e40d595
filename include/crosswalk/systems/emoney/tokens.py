"""Signing in: a client assertion signed with the key of a certificate, and the token it brings. Contract: README.md."""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_hex
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError, operation
from crosswalk.wire.http import HttpClient, Request, Response
from crosswalk.wire.json_reader import JsonReader

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

TOKEN_PATH = "/connect/token"  # noqa: S105 - a path
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 120
MIN_RSA_BITS = 2048

_PEM = re.compile(r"-----BEGIN ([A-Z ]{0,20}PRIVATE KEY)-----(.+?)-----END \1-----", re.DOTALL)
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_OAUTH_ERRORS = frozenset(
    {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
)
_READER = JsonReader("eMoney", "TGT_SCHEMA")


@dataclass(frozen=True)
class SigningKey:
    """The private key of the partner's certificate and the algorithm it signs with."""

    key: RSAPrivateKey | EllipticCurvePrivateKey = field(repr=False)
    algorithm: str

    @classmethod
    def read(cls, pem: str, name: str) -> SigningKey:
        """Read a PEM whose line breaks may be missing or written out. Raises ConfigurationError CONN_KEY, which tells nothing of it."""
        from cryptography.hazmat.primitives.asymmetric import ec, rsa

        key = _loaded(pem, name)
        if isinstance(key, rsa.RSAPrivateKey):
            if key.key_size < MIN_RSA_BITS:
                raise _wrong_key(
                    name, f"the RSA key has fewer than {MIN_RSA_BITS} bits", "make a longer one and have its certificate registered"
                )
            return cls(key, "RS256")
        if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp256r1":
            return cls(key, "ES256")
        raise _wrong_key(name, "the key is neither RSA nor EC on P-256", "use the key of the certificate eMoney registered")


@dataclass(frozen=True)
class Token:
    """One access token. until: on the clock of time.monotonic, when it is to be renewed."""

    text: str = field(repr=False)
    until: float


class Tokens:
    """Gives the token of one client id, a new one only when needed. Thread-safe."""

    def __init__(self, http: HttpClient, client_id: str, key_id: str, signing_key: SigningKey) -> None:
        self._http = http
        self._client_id = client_id
        self._key_id = key_id
        self._signing_key = signing_key
        self._lock = Lock()
        self._token: Token | None = None

    def current(self) -> Token:
        """Give a token that is good for now. Raises AuthRefused TGT_AUTH_FAILED, and what the HTTP client raises."""
        with self._lock:
            if self._token is None or self._token.until <= time.monotonic():
                self._token = self._new()
            return self._token

    def forget(self, token: Token) -> None:
        """Drop a token the server did not take; one that came after it is kept."""
        with self._lock:
            if self._token is token:
                self._token = None

    def _new(self) -> Token:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        request = Request("POST", TOKEN_PATH, content=self._body, headers=form, accept=("application/json",), expect={400, 401, 403})
        began = time.monotonic()
        with operation(f"signing in to {self._http.settings.name}"):
            return self._http.fetch(request, lambda response: _token(response, began))

    def _body(self) -> bytes:
        """Make the form with an assertion of its own: a server may take each only once."""
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "scope": "API"}
        return urlencode({**form, "client_assertion": self._assertion(int(time.time()))}).encode()

    def _assertion(self, now: int) -> str:
        import jwt

        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._http.endpoint.url + TOKEN_PATH,
            "jti": token_hex(16),
            "iat": now,
            "nbf": now,
            "exp": now + ASSERTION_SECONDS,
        }
        headers = {"kid": self._key_id} if self._key_id else {}
        return jwt.encode(claims, self._signing_key.key, self._signing_key.algorithm, headers)


_kept: dict[tuple[str, ...], Tokens] = {}
_keeping = Lock()


def tokens_of(client_id: str, key_id: str, private_key: str, connect: Callable[[], HttpClient]) -> Tokens:
    """Give the tokens of this process for a sign-in server, client id and key; `connect` opens its HTTP client."""
    made = connect()
    digest = sha256(private_key.encode()).hexdigest()
    name = made.endpoint.url, made.settings.name, client_id, key_id, digest
    with _keeping:
        if name not in _kept:
            _kept[name] = Tokens(made, client_id, key_id, SigningKey.read(private_key, made.settings.name))
        return _kept[name]


def forget_tokens() -> None:
    """Drop every token of this process."""
    with _keeping:
        _kept.clear()


def _loaded(pem: str, name: str) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    found = _PEM.search(pem)
    if found is None:
        raise _wrong_key(name, "Private key is no PEM of a private key", "paste it whole, from -----BEGIN to the end of the END line")
    if "ENCRYPTED" in found[0]:
        raise _wrong_key(name, "the private key is encrypted", "store it decrypted: the connection is what protects it")
    try:
        return load_der_private_key(base64.b64decode("".join(found[2].replace("\\n", "").split()), validate=True), password=None)
    except (binascii.Error, ValueError, TypeError, UnsupportedAlgorithm):
        pass
    raise _wrong_key(name, "the private key cannot be read", "paste it again, whole")  # outside of "except": nothing of it in the chain


def _wrong_key(name: str, found: str, fix: str) -> ConfigurationError:
    return ConfigurationError("CONN_KEY", operation=f"checking the connection {name}", problem=found, next_step=fix)


def _token(response: Response, began: float) -> Token:
    if response.status != 200:
        raise _refused(response)
    body = _READER.object(response)
    text, kind, seconds = body.get("access_token"), body.get("token_type"), body.get("expires_in")
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        raise _READER.wrong("access_token")
    if not isinstance(kind, str) or kind.casefold() != "bearer":
        raise _READER.wrong("token_type")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds <= 0:
        raise _READER.wrong("expires_in")
    return Token(text, began + seconds - min(60.0, seconds / 10))


def _refused(response: Response) -> CrosswalkError:
    try:
        error = _READER.object(response).get("error")
    except CrosswalkError:
        error = None
    shown = error if isinstance(error, str) and error in _OAUTH_ERRORS else f"status {response.status}"
    return AuthRefused(
        "TGT_AUTH_FAILED",
        problem=f"eMoney refused the client assertion ({shown})",
        next_step="check client id, key id, private key, sign-in address and this machine's clock; have eMoney check the certificate",
    )
