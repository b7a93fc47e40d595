"""Signing in for a firm: certificates, assertions, tokens."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from crosswalk.sandbox.messages import Refused

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ["RS256", "ES256"]
LEEWAY = 60
LONGEST_ASSERTION = 300
FIELDS = ("grant_type", "client_assertion_type", "client_assertion", "scope")


@dataclass
class SignIn:
    """Who may sign in, and the tokens that were given. token_seconds: how long a new one is good for."""

    client_id: str
    token_seconds: int = 3600
    certificates: dict[str, x509.Certificate] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def copy(self, later: float) -> SignIn:
        """The same certificates and tokens; times moved by `later` seconds."""
        with self.lock:
            tokens = {token: until + later for token, until in self.tokens.items()}
            return SignIn(self.client_id, self.token_seconds, self.certificates.copy(), tokens, self.used.copy())

    def register(self, certificate: x509.Certificate, key_id: str = "") -> str:
        """Register a certificate under its kid, by default its SHA-1 thumbprint, and return that."""
        kid = key_id or certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - a name, as x5t has it
        self.certificates[kid] = certificate
        return kid

    def token(self, form: Mapping[str, str], host: str, path: str) -> dict[str, Any]:
        """Give a token for a form that is in order. Raises Refused (400) with OAuth's codes."""
        missing = [name for name in FIELDS if not form.get(name)]
        if missing or form["client_assertion_type"] != ASSERTION_TYPE:
            raise Refused(400, "invalid_request", f"wrong or missing: {', '.join(missing) or 'client_assertion_type'}")
        if form["grant_type"] != "client_credentials":
            raise Refused(400, "unsupported_grant_type", "client_credentials only")
        if form["scope"] != "API":
            raise Refused(400, "invalid_scope", "the scope is API")
        claims = self._verified(form["client_assertion"])
        self._check(claims, host, path)
        token = secrets.token_urlsafe(32)
        with self.lock:
            if claims["jti"] in self.used:
                raise Refused(400, "invalid_client", "the assertion was used before")
            self.used[claims["jti"]] = time.time()
            self.tokens[token] = time.monotonic() + self.token_seconds
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds}

    def knows(self, token: str) -> bool:
        """Whether the token is good now."""
        return self.tokens.get(token, 0.0) > time.monotonic()

    def _verified(self, assertion: str) -> dict[str, Any]:
        try:
            kid = jwt.get_unverified_header(assertion).get("kid")
        except jwt.PyJWTError as error:
            raise Refused(400, "invalid_client", "the assertion is no JWT") from error
        tried = [self.certificates[kid]] if kid in self.certificates else [] if kid else list(self.certificates.values())
        for certificate in tried:
            if not certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc:
                continue
            try:
                key: Any = certificate.public_key()
                # the audience is compared below: it depends on how the sandbox is reached
                return jwt.decode(assertion, key, ALGORITHMS, options={"verify_aud": False, "require": ["exp", "iat"]}, leeway=LEEWAY)
            except (jwt.PyJWTError, TypeError):
                continue
        raise Refused(400, "invalid_client", "no registered certificate fits the assertion, or it is over")

    def _check(self, claims: Mapping[str, Any], host: str, path: str) -> None:
        scheme, _, rest = str(claims.get("aud")).partition("://")
        lasts = claims["exp"] - claims["iat"]
        right = {
            "iss and sub": claims.get("iss") == claims.get("sub") == self.client_id,
            "aud": scheme in ("http", "https") and rest == host + path,
            "exp": 0 < lasts <= LONGEST_ASSERTION,
            "jti": isinstance(claims.get("jti"), str) and bool(claims["jti"]),
        }
        wrong = [name for name, fits in right.items() if not fits]
        if wrong:
            raise Refused(400, "invalid_client", f"wrong in the assertion: {', '.join(wrong)}")


def issuer_of(assertion: str) -> str:
    """Whose assertion it says it is; "" when it cannot be read."""
    try:
        return str(jwt.decode(assertion, options={"verify_signature": False}).get("iss", ""))
    except jwt.PyJWTError:
        return ""


def new_pair(kind: str) -> tuple[str, x509.Certificate]:
    """Make a private key ("rsa" or "ec"), as PEM, and a certificate for it that is good for a year."""
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crosswalk sandbox")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=365))
    certificate = builder.sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode(), certificate


def pem_of(certificate: x509.Certificate) -> str:
    """The certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
