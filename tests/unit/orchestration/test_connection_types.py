"""The connection types: their forms, and a Test connection that tells whether a sync would get through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
from airflow.providers_manager import ProvidersManager
from airflow.sdk._shared.module_loading import import_string
from sqlalchemy import select

from crosswalk.orchestration.hooks.classes import hook_class
from crosswalk.orchestration.hooks.landing import LandingHook
from crosswalk.orchestration.hooks.store import StoreHook
from crosswalk.orchestration.provider import OWN_TYPES, provider_info
from crosswalk.orchestration.resources import hook_for, store_engine
from crosswalk.sandbox.server import SandboxServer
from crosswalk.store.migrate import migrate
from crosswalk.store.tables import request_budget
from crosswalk.systems.emoney.tokens import forget_tokens

TYPES = {one["connection-type"]: one for one in provider_info()["connection-types"]}
SECRET = {
    "smartoffice": "sandbox-secret",
    "fmg": "sandbox-key",
    "mindmatrix": "sandbox-key",
    "emoney": "",
    "agent_crm": "sandbox-key",
    "hubspot": "sandbox-hubspot-token",
    "flex": "sandbox-flex-key",
}
LOGIN = {"autotask": "api@example.test", "connectwise": "publickey"}
AUTOTASK = {"path": "/autotask", "integration_code": "SANDBOXCODE", "contact_type_field": "Contact Type"}
CONNECTWISE = {"path": "/connectwise", "company": "northwind", "client_id": "00000000-0000-4000-8000-000000000007"}
MINDMATRIX = {"path": "/mindmatrix", "organization": "MM-2001"}
FMO = {"business": "1b6f0000-0000-4000-8000-000000000001", "path": "/agent_crm/api"}
HUBSPOT = {"portal": "24100001", "path": "/hubspot/crm/v3/objects"}
FLEX = {"path": "/flex/demo/f5/api"}


@pytest.fixture(scope="module")
def box() -> Iterator[SandboxServer]:
    with SandboxServer(contacts=30, groups=3, seed=1) as server:
        yield server


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, box: SandboxServer) -> Any:
    """Define connection `name` of a type at the sandbox."""

    def define(system: str, extra: dict[str, Any], **changes: Any) -> Any:
        body = {
            "conn_type": system,
            "host": box.host,
            "port": box.port,
            "schema": "http",
            "login": LOGIN.get(system, "integration"),
            "password": SECRET.get(system, "sandbox-secret"),
        }
        body |= {"extra": {"allow_private_network": True, **extra}, **changes}
        monkeypatch.setenv("AIRFLOW_CONN_TRIED", json.dumps(body))
        return hook_for(system, "tried")

    return define


def test_airflow_knows_the_provider() -> None:
    manager = ProvidersManager()
    assert manager.providers["crosswalk"].version == metadata.version("crosswalk")
    assert set(TYPES) <= {name.split("__")[1] for name in manager.connection_form_widgets if name.startswith("extra__")}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.requirement("CARD-5")
def test_each_type_has_a_hook_and_a_form(name: str) -> None:
    hook = import_string(TYPES[name]["hook-class-name"])
    assert (hook.conn_type, hook.hook_name, hook.conn_name_attr) == (name, TYPES[name]["hook-name"], "conn_id")
    assert callable(hook().test_connection)
    assert name in OWN_TYPES or hook is hook_class(name)
    for field in TYPES[name]["conn-fields"].values():
        assert field["label"]
        assert field["description"]
        jsonschema.Draft202012Validator.check_schema(field["schema"])


@pytest.mark.requirement("CARD-5")
def test_smartoffice_is_tried_against_rights_limits_and_codes(connect: Any) -> None:
    ok, message = connect("smartoffice", {"office": "DEMO01"}).test_connection()
    assert ok, message
    assert "30 contacts and 3 groups" in message
    assert "right FMG held" in message


@pytest.mark.requirement("FMG-01")
def test_a_missing_right_fails_the_test(connect: Any, box: SandboxServer) -> None:
    requests.post(
        f"{box.url}/_sandbox/smartoffice/offices/DEMO01/users", json={"user": "plain", "password": "plain-secret", "rights": []}, timeout=5
    )
    ok, message = connect("smartoffice", {"office": "DEMO01"}, login="plain", password="plain-secret").test_connection()
    assert not ok
    assert "RIGHT_MISSING" in message
    assert "plain-secret" not in message


@pytest.mark.requirement("FMG-09")
def test_a_database_over_its_limits_fails_the_test(connect: Any, box: SandboxServer) -> None:
    body = {"office": "BIG", "contacts": 5, "groups": 1_001}
    requests.post(f"{box.url}/_sandbox/smartoffice/offices", json=body, timeout=30)
    ok, message = connect("smartoffice", {"office": "BIG"}).test_connection()
    assert not ok
    assert "LIMIT_GROUPS" in message
    assert "1,001 groups" in message


@pytest.mark.parametrize(
    ("system", "extra"),
    [
        ("smartoffice", {"office": "DEMO01"}),
        ("fmg", {"account": "FMG-1001", "path": "/fmg"}),
        ("autotask", AUTOTASK),
        ("connectwise", CONNECTWISE),
        ("mindmatrix", MINDMATRIX),
        ("hubspot", HUBSPOT),
        ("flex", FLEX),
    ],
)
@pytest.mark.requirement("CARD-5")
def test_a_wrong_secret_is_refused_and_not_repeated(connect: Any, system: str, extra: dict[str, Any]) -> None:
    ok, message = connect(system, extra, password="wrong-secret-9").test_connection()
    assert not ok
    assert "wrong-secret-9" not in message


@pytest.mark.requirement("CARD-5")
def test_fmg_tells_what_it_holds(connect: Any) -> None:
    ok, message = connect("fmg", {"account": "FMG-1001", "path": "/fmg"}).test_connection()
    assert ok, message
    assert "0 contacts and 0 groups; managed by nobody yet" in message


EMONEY = {"firm": "EM-1001", "path": "/emoney", "api_key": "sandbox-apikey"}


@pytest.fixture
def emoney(connect: Any, box: SandboxServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Define a connection to the sandbox's firm, and the store its budget is counted in."""
    store = {"conn_type": "crosswalk_store", "extra": {"sqlite_path": str(tmp_path / "store.db")}}
    monkeypatch.setenv("AIRFLOW_CONN_CROSSWALK_STORE", json.dumps(store))
    migrate(store_engine())
    made = requests.post(f"{box.url}/_sandbox/emoney/firms/EM-1001/certificates", json={"kind": "ec"}, timeout=10).json()
    keys = {"signin_url": f"{box.url}/emoney", "key_id": made["key_id"]}

    def define(password: str = made["private_key"], **extra: Any) -> Any:
        return connect("emoney", {**EMONEY, **keys, **extra}, login="crosswalk-sandbox", password=password)

    return define


@pytest.mark.requirement("CARD-5", "EMON-07")
def test_emoney_signs_in_and_counts_in_the_store(emoney: Any) -> None:
    ok, message = emoney().test_connection()
    assert ok, message
    assert "0 client, 0 investment, 0 policy" in message
    with store_engine().connect() as connection:
        (row,) = connection.execute(select(request_budget)).all()
    assert (row.connection, len(row.taken)) == ("tried", 1)


@pytest.mark.requirement("CARD-5", "SAFE-9")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"firm": "EM-7"}, "CONN_FIRM"),
        ({"api_key": "wrong-secret-9"}, "TGT_AUTH_FAILED"),
        ({"key_id": "another"}, "TGT_AUTH_FAILED"),
        ({"password": "wrong-secret-9"}, "CONN_KEY"),
        ({"signin_url": "file:///etc/passwd"}, "CONN_SCHEME"),
        ({"signin_url": "http://169.254.169.254"}, "CONN_ADDRESS_BLOCKED"),
        ({"signin_url": None}, "CONN_EXTRA"),
        ({"api_key": ""}, "CONN_EXTRA"),
        ({"requests_per_minute": 61}, "CONN_EXTRA"),
        ({"requests_per_minute": 0}, "CONN_EXTRA"),
    ],
)
def test_what_is_wrong_with_an_emoney_connection_is_told(emoney: Any, changes: dict[str, Any], code: str) -> None:
    forget_tokens()
    ok, message = emoney(**changes).test_connection()
    assert not ok
    assert code in message
    assert "wrong-secret-9" not in message
    assert "PRIVATE KEY" not in message


@pytest.mark.requirement("CARD-5", "MIND-02")
@pytest.mark.parametrize(("system", "extra"), [("autotask", AUTOTASK), ("connectwise", CONNECTWISE)])
def test_a_crm_tells_what_it_holds_and_what_can_be_chosen(connect: Any, system: str, extra: dict[str, Any]) -> None:
    ok, message = connect(system, extra).test_connection()
    assert ok, message
    assert "20 companies and 200 contacts" in message
    assert "Customer, Prospect, Suspect, Dead, Vendor" in message
    assert "Decision maker, Technical, Billing" in message


@pytest.mark.parametrize(
    ("system", "extra", "code"),
    [
        ("autotask", {"path": "/autotask"}, "CONN_EXTRA"),
        ("autotask", {**AUTOTASK, "contact_type_field": "Tier"}, "SRC_SCHEMA"),
        ("autotask", {**AUTOTASK, "page_size": 501}, "CONN_EXTRA"),
        ("connectwise", {**CONNECTWISE, "company": "acme"}, "CONN_COMPANY_UNKNOWN"),
        ("connectwise", {**CONNECTWISE, "client_id": "mine"}, "CONN_EXTRA"),
        ("mindmatrix", {**MINDMATRIX, "organization": "MM-9"}, "TGT_NOT_FOUND"),
    ],
)
@pytest.mark.requirement("CARD-5")
def test_what_is_wrong_with_a_connection_is_named(connect: Any, system: str, extra: dict[str, Any], code: str) -> None:
    ok, message = connect(system, extra).test_connection()
    assert not ok
    assert code in message


@pytest.mark.requirement("CARD-5")
@pytest.mark.parametrize("acknowledged", [True, False, None])
def test_mindmatrix_tells_whether_it_would_be_sent_anything(connect: Any, acknowledged: bool | None) -> None:
    ok, message = connect("mindmatrix", {**MINDMATRIX, "opt_in_acknowledged": acknowledged}).test_connection()
    assert ok, message
    assert "0 contacts" in message
    assert ("Nothing will be sent" not in message) is bool(acknowledged)


@pytest.mark.requirement("CARD-5")
def test_agent_crm_tells_what_the_business_holds(connect: Any) -> None:
    ok, message = connect("agent_crm", FMO, login="77aa0000-0000-4000-8000-000000000001").test_connection()
    assert ok, message
    assert "0 policies and 0 members and 0 agents" in message
    for wrong in ({"login": "77aa0000-0000-4000-8000-000000000002"}, {"password": "wrong-secret-9"}):
        ok, message = connect("agent_crm", FMO, **{"login": "77aa0000-0000-4000-8000-000000000001", **wrong}).test_connection()
        assert not ok
        assert "TGT_AUTH_FAILED" in message


@pytest.mark.requirement("CARD-5")
def test_the_place_of_carrier_files_tells_what_lies_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "harborlight").mkdir()
    (tmp_path / "harborlight" / "x.csv").write_text("")
    (tmp_path / "stray").mkdir()

    def tried(**extra: str) -> tuple[bool, str]:
        monkeypatch.setenv("AIRFLOW_CONN_TRIED", json.dumps({"conn_type": "carriers", "extra": extra}))
        return hook_for("carriers", "tried").test_connection()

    assert tried(url=tmp_path.as_uri()) == (True, "Reached. harborlight: 1 file(s); 1 folder(s) of no carrier.")
    assert "FILE_DROP_MISSING" in tried(url=f"{tmp_path.as_uri()}/gone")[1]
    for wrong in ("", "http://x/y", "file://host/x", "relative"):
        assert "CONN_EXTRA" in tried(url=wrong)[1]


def test_hubspot_is_tried_with_its_scopes(connect: Any, box: SandboxServer) -> None:
    ok, message = connect("hubspot", HUBSPOT, login="").test_connection()
    assert ok, message
    assert "20 companies and 60 contacts and 30 deals" in message
    assert "crm_to_flex: right CRM sync held" in message
    requests.post(
        f"{box.url}/_sandbox/hubspot/portals",
        json={"portal": "5", "token": "less-than-all-5", "scopes": ["crm.objects.contacts.read"]},
        timeout=5,
    )
    ok, message = connect("hubspot", HUBSPOT, password="less-than-all-5").test_connection()
    assert not ok
    assert "RIGHT_MISSING" in message
    assert "crm.objects.companies.read" in message


@pytest.mark.requirement("CARD-5")
@pytest.mark.parametrize(("login", "password"), [("", "sandbox-flex-key"), ("integration", "sandbox-secret")])
def test_flex_is_tried_by_key_and_by_login(connect: Any, login: str, password: str) -> None:
    ok, message = connect("flex", FLEX, login=login, password=password).test_connection()
    assert ok, message
    assert "20 companies and 60 contacts; resource types: Clients, Employees" in message


def test_hubspot_s_portal_is_a_number(connect: Any) -> None:
    ok, message = connect("hubspot", {**HUBSPOT, "portal": "my portal"}).test_connection()
    assert not ok
    assert "CONN_EXTRA" in message


def test_the_private_network_is_closed_by_default(connect: Any) -> None:
    ok, message = connect("fmg", {"account": "FMG-1001", "path": "/fmg", "allow_private_network": False}, schema="https").test_connection()
    assert not ok
    assert "CONN_ADDRESS_BLOCKED" in message


def test_the_store_tells_whether_it_is_migrated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = {"conn_type": "crosswalk_store", "extra": {"sqlite_path": str(tmp_path / "store.db")}}
    monkeypatch.setenv("AIRFLOW_CONN_CROSSWALK_STORE", json.dumps(body))
    ok, message = StoreHook().test_connection()
    assert not ok
    assert "STORE_NOT_MIGRATED" in message
    migrate(store_engine())
    assert StoreHook().test_connection()[0]


def test_the_store_on_postgresql_escapes_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"conn_type": "crosswalk_store", "host": "db", "login": "cw", "password": "p@ss/w:rd", "schema": "sync"}
    monkeypatch.setenv("AIRFLOW_CONN_CROSSWALK_STORE", json.dumps(body))
    assert StoreHook().url() == "postgresql+psycopg://cw:p%40ss%2Fw%3Ard@db:5432/sync"


def test_the_landing_zone_is_tried_with_a_probe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "zone"
    monkeypatch.setenv("AIRFLOW_CONN_CROSSWALK_LANDING", json.dumps({"conn_type": "crosswalk_landing", "extra": {"url": folder.as_uri()}}))
    ok, message = LandingHook().test_connection()
    assert ok, message
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(("hook", "code"), [(StoreHook, "CONN_HOST"), (LandingHook, "CONN_EXTRA")])
def test_our_own_connections_are_checked_too(hook: type[StoreHook | LandingHook], code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{hook.default_conn_name.upper()}", json.dumps({"conn_type": hook.conn_type, "extra": {}}))
    ok, message = hook().test_connection()
    assert not ok
    assert code in message
