"""A small eMoney for tests, written from systems/emoney/README.md: assertions, tokens, clients, spouses, links, idempotency."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crosswalk.conformance.local_server import Reply, Seen
from crosswalk.conformance.subject import CANARY, NAME, Subject
from crosswalk.systems.emoney.client import EmoneyClient
from crosswalk.systems.emoney.target import EmoneyTarget
from crosswalk.systems.emoney.tokens import forget_tokens
from crosswalk.wire.connection import connection_settings

Record = dict[str, Any]

KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
API_KEY = "sandbox-apikey"
ADDRESS = ("Name", "AddressLine1", "AddressLine2", "City", "State", "Zip")
JOB = [*(f"employer{name}" for name in ADDRESS), "workPhone", "workFax", "jobTitle"]
HOME = ["addressLine1", "addressLine2", "city", "state", "zip", "homePhone", "cellPhone", "fax", "email"]
CLIENT = ["firstName", "lastName", "dateOfBirth", "maritalStatus", *HOME, *JOB]
SPOUSE = ["firstName", "lastName", "dateOfBirth", "cellPhone", *JOB]
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def certificate(key: ec.EllipticCurvePrivateKey) -> str:
    """A certificate for the key, as PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crosswalk test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    signed = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def client(number: int, **fields: Any) -> Record:
    record = {"clientId": str(number), "externalId": None, "revision": 1, **dict.fromkeys(CLIENT, ""), "lastName": "Quill", "spouse": None}
    return {**record, **fields}


def link(number: int, **fields: Any) -> Record:
    values = {"assetName": "Fund", "holdingsValue": "1.00", "cashBalance": "", "totalValue": "", "typeOfFunds": "", "owner": ""}
    head = {"linkId": f"l-{number}", "connectionId": "cn-1", "clientId": "1", "itemId": f"Investment.7.{number}", "kind": "investment"}
    times = {"linkedAt": "2026-01-05T22:10:00Z", "lastRefreshedAt": "2026-01-05T22:10:00Z"}
    rest = {"assetType": "Brokerage", "ownership": "Client", "status": "current", "revision": 1}
    return {**head, **rest, **times, "values": values, **fields}


class Refused(Exception):
    def __init__(self, status: int, code: str, **more: str) -> None:
        self.status = status
        self.error = {"code": code, "message": "secret echo quinn@example.test", **more}


class EmoneyStandIn:
    """Answers as the README says. `change` may alter an answer before it goes: (method, path, document) to document."""

    def __init__(self, clients: list[Record] | None = None, links: list[Record] | None = None) -> None:
        self.clients = {record["clientId"]: record for record in clients or []}
        self.links = {record["linkId"]: record for record in links or []}
        self.revision = 5
        self.firm = "EM-1001"
        self.assertions: list[Record] = []
        self.headers: list[Record] = []
        self.tokens: list[str] = []
        self.expires_in = 3600
        self.kept: dict[str, tuple[tuple[str, str, bytes], tuple[int, Any]]] = {}
        self.writes: list[tuple[str, str, Any]] = []
        self.change: Callable[[str, str, Any], Any] = lambda _method, _path, document: document

    def __call__(self, seen: Seen) -> Reply:
        if seen.path == "/emoney/connect/token":
            return self._token(seen)
        path = seen.path.removeprefix("/emoney/public/v1")
        assert path != seen.path
        try:
            status, document = self._answer(seen, path)
        except Refused as refused:
            status, document = refused.status, {"error": refused.error}
        return _json(status, self.change(seen.method, path, document))

    def _token(self, seen: Seen) -> Reply:
        form = dict(parse_qsl(seen.body.decode()))
        assert (form["grant_type"], form["client_assertion_type"], form["scope"]) == ("client_credentials", ASSERTION_TYPE, "API")
        audience = f"http://{seen.headers['host']}{seen.path}"
        claims = jwt.decode(form["client_assertion"], KEY.public_key(), ["ES256"], audience=audience, issuer="crosswalk-test")
        assert claims["sub"] == claims["iss"]
        assert 0 < claims["exp"] - claims["iat"] <= 300
        if claims["jti"] in [one["jti"] for one in self.assertions]:
            return _json(400, {"error": "invalid_client", "error_description": "used before"})
        self.assertions.append(claims)
        self.headers.append(jwt.get_unverified_header(form["client_assertion"]))
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        return _json(200, {"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": self.expires_in})

    def _answer(self, seen: Seen, path: str) -> tuple[int, Any]:
        if seen.headers.get("authorization") not in [f"Bearer {token}" for token in self.tokens[-1:]]:
            raise Refused(401, "TOKEN_INVALID")
        if seen.headers.get("apikey") != API_KEY:
            raise Refused(403, "APIKEY_INVALID")
        return self._read(path, seen.query) if seen.method == "GET" else self._write(seen, path)

    def _read(self, path: str, query: Any) -> tuple[int, Any]:
        if path == "/firm":
            kinds = [record["kind"] for record in self.links.values()]
            counts = {"clients": len(self.clients), "investments": kinds.count("investment"), "policies": kinds.count("policy")}
            return 200, {"firmId": self.firm, "name": "Quill", "revision": self.revision, **counts}
        if path == "/clients":
            wanted = query.get("externalId")
            return self._page("clients", [one for one in self.clients.values() if wanted in (None, one["externalId"])], "clientId", query)
        if path == "/connections/accounts":
            return self._page("accounts", list(self.links.values()), "linkId", query)
        match = re.fullmatch(r"/clients/([^/]+)", path)
        assert match
        return 200, self._client(match[1])

    def _page(self, name: str, records: list[Record], key: str, query: Any) -> tuple[int, Any]:
        limit, ids = int(query["limit"]), [record[key] for record in records]
        assert 1 <= limit <= 500
        start = ids.index(query["after"]) + 1 if "after" in query else 0
        following = ids[start + limit - 1] if start + limit < len(ids) else None
        return 200, {name: records[start : start + limit], "total": len(ids), "revision": self.revision, "next": following}

    def _write(self, seen: Seen, path: str) -> tuple[int, Any]:
        key, request = seen.headers["idempotency-key"], (seen.method, path, seen.body)
        assert len(key) <= 255
        if key in self.kept:
            if self.kept[key][0] != request:
                raise Refused(422, "KEY_REUSED")
            return self.kept[key][1]
        body = json.loads(seen.body) if seen.body else None
        self.writes.append((seen.method, path, body))
        try:
            answer = self._do(seen, path, body)
        except Refused as refused:
            answer = refused.status, {"error": refused.error}
        self.kept[key] = request, answer
        return answer

    def _do(self, seen: Seen, path: str, body: Any) -> tuple[int, Any]:
        if path == "/connections/values":
            return 200, self._values(body["items"])
        if path == "/clients":
            taken = [one["clientId"] for one in self.clients.values() if one["externalId"] == body["externalId"]]
            if taken:
                raise Refused(409, "EXTERNAL_ID_TAKEN", clientId=taken[0])
            record = client(2300 + len(self.clients), **_known(body, [*CLIENT, "externalId"]))
            return 201, self._put(record)
        match = re.fullmatch(r"/clients/([^/]+)(/spouse)?", path)
        assert match
        record = self._client(match[1])
        if seen.headers["if-match"] != f'"{record["revision"]}"':
            raise Refused(412, "CHANGED")
        return 200, self._changed(record, seen.method, bool(match[2]), body)

    def _changed(self, record: Record, method: str, spouse: bool, body: Any) -> Record:
        if not spouse:
            return self._put({**record, **_known(body, CLIENT), "revision": record["revision"] + 1})
        if method == "PUT" and record["maritalStatus"] not in ("Married", "Separated", "Domestic Partner"):
            raise Refused(409, "MARITAL_STATUS_MISSING")
        new = {**dict.fromkeys(SPOUSE, ""), **_known(body, SPOUSE)} if method == "PUT" else None
        return self._put({**record, "spouse": new, "revision": record["revision"] + 1})

    def _values(self, items: list[Record]) -> Record:
        assert len(items) <= 100
        accepted, rejected = [], []
        for item in items:
            held = self.links.get(item["linkId"])
            if held is None or held["revision"] != item["revision"]:
                rejected.append({"key": item["linkId"], "code": "CHANGED" if held else "NOT_FOUND"})
                continue
            accepted.append(item["linkId"])
            self.links[item["linkId"]] = {**held, "values": {**held["values"], **item.get("values", {})}, "revision": held["revision"] + 1}
        return {"accepted": accepted, "rejected": rejected}

    def _client(self, client_id: str) -> Record:
        if client_id not in self.clients:
            raise Refused(404, "NOT_FOUND")
        return self.clients[client_id]

    def _put(self, record: Record) -> Record:
        self.revision += 1
        self.clients[record["clientId"]] = record
        return record


def _known(body: Any, names: list[str]) -> Record:
    unknown = sorted(set(body) - set(names))
    if unknown or body.get("lastName", "x") == "":
        raise Refused(422, "INVALID", field=(unknown or ["lastName"])[0])
    return dict(body)


def _json(status: int, document: Any) -> Reply:
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json"}, packed=True)


def connect(url: str, **changes: Any) -> EmoneyTarget:
    """Connect to the firm of a stand-in, without a token from before."""
    forget_tokens()
    about = {"login": "crosswalk-test", "api_key": API_KEY, "password": PEM, "firm": "EM-1001", "name": "emoney_summit"}
    settings = {**about, "signin_url": f"{url}/emoney", "first_wait": 0.001, "allow_private_network": True, **changes}
    return EmoneyTarget(EmoneyClient(connection_settings("emoney", f"{url}/emoney", **settings)))


def _stand_in() -> EmoneyStandIn:
    clients = [client(number, firstName=NAME) for number in range(1, 502)]
    clients[3]["email"] = CANARY
    return EmoneyStandIn(clients)


SUBJECT = Subject(
    connection="emoney_summit",
    stand_in=_stand_in,
    pages=lambda url: connect(url).pages("client"),
    id_field="target_id",
    records=501,
    calls=3,
    secrets=(
        API_KEY,
        PEM[40:80],
        "client_assertion",
    ),
    renewed="/connect/token",
)
