"""Rows C1 to C24 of the connection checks that do not need a look-up: what is wrong is named by field, all at once, never by value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk import Connection

from crosswalk.errors import ConfigurationError
from crosswalk.orchestration.connections import checked_settings
from crosswalk.orchestration.hooks.fmg import FmgHook
from crosswalk.orchestration.hooks.smartoffice import SmartOfficeHook

GOOD: dict[str, Any] = {
    "conn_id": "smartoffice_x",
    "conn_type": "smartoffice",
    "host": "office.example.com",
    "login": "jroe",
    "password": "kVq4-Zt81-rest",
    "extra": {"office": "DEMO01"},
}


def connection(**changes: Any) -> Connection:
    fields = {**GOOD, **changes}
    extra = fields["extra"] if isinstance(fields["extra"], str) else json.dumps(fields["extra"])
    return Connection(**{**fields, "extra": extra})


def codes(**changes: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        checked_settings(connection(**changes), "smartoffice")
    return [problem.code for problem in caught.value.problems]


def test_a_good_connection_passes() -> None:
    settings = checked_settings(connection(port=8443), "smartoffice")
    assert (settings.base_url, settings.login) == ("https://office.example.com:8443/smartoffice/xmlengine", "jroe")
    assert (settings["office"], settings["page_size"]) == ("DEMO01", 1000)
    assert settings.allow_private_network is False


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"host": ""}, "CONN_HOST", id="C2 blank"),
        pytest.param({"host": None}, "CONN_HOST", id="C2 missing"),
        pytest.param({"host": "office.example.com/path"}, "CONN_HOST", id="path in host"),
        pytest.param({"host": "office example"}, "CONN_HOST", id="space in host"),
        pytest.param({"schema": "http"}, "CONN_SCHEME", id="C3 http"),
        pytest.param({"schema": "file"}, "CONN_SCHEME", id="C4 file"),
        pytest.param({"schema": "ftp"}, "CONN_SCHEME", id="C4 ftp"),
        pytest.param({"schema": "gopher"}, "CONN_SCHEME", id="C4 gopher"),
        pytest.param({"schema": "data"}, "CONN_SCHEME", id="C4 data"),
        pytest.param({"schema": "file", "extra": {"office": "A", "allow_private_network": True}}, "CONN_SCHEME", id="C4 sandbox"),
        pytest.param({"host": "file:///etc/passwd"}, "CONN_SCHEME", id="C4 in host"),
        pytest.param({"host": "jroe:s3cr3t-value@office.example.com"}, "CONN_USERINFO", id="C5"),
        pytest.param({"host": "office.example.com\nX-Evil: 1"}, "CONN_BAD_CHARACTER", id="C18 host"),
        pytest.param({"login": "jroe\r\nX-Evil: 1"}, "CONN_BAD_CHARACTER", id="C18 login"),
        pytest.param({"extra": {"office": "DEMO\n01"}}, "CONN_BAD_CHARACTER", id="C18 extra"),
        pytest.param({"port": 0}, "CONN_PORT", id="C19 0"),
        pytest.param({"port": 22}, "CONN_PORT", id="C19 22"),
        pytest.param({"port": 70000}, "CONN_PORT", id="C19 70000"),
        pytest.param({"port": "web"}, "CONN_PORT", id="C19 text"),
        pytest.param({"password": None}, "CONN_SECRET_MISSING", id="C21 missing"),
        pytest.param({"password": "   "}, "CONN_SECRET_MISSING", id="C21 blank"),
        pytest.param({"password": "x7Q!"}, "CONN_SECRET_TOO_SHORT", id="C22"),
        pytest.param({"password": "password"}, "CONN_SECRET_WEAK", id="C23 word"),
        pytest.param({"password": "Contacts2026!"}, "CONN_SECRET_WEAK", id="C23 word and digits"),
        pytest.param({"password": "1234567"}, "CONN_SECRET_WEAK", id="C23 number"),
        pytest.param({"extra": "not json"}, "CONN_EXTRA", id="C24 not JSON"),
        pytest.param({"extra": "[1]"}, "CONN_EXTRA", id="C24 not an object"),
        pytest.param({"extra": {"office": "A", "ofice": "B"}}, "CONN_EXTRA", id="C24 unknown key"),
        pytest.param({"extra": {"office": "A", "page_size": "1000"}}, "CONN_EXTRA", id="C24 type"),
        pytest.param({"extra": {"office": "A", "page_size": 2001}}, "CONN_EXTRA", id="C24 too large"),
        pytest.param({"extra": {"office": "A", "paging": "guess"}}, "CONN_EXTRA", id="C24 choice"),
        pytest.param({"extra": {"office": "A", "path": "/a/../b"}}, "CONN_EXTRA", id="C24 path"),
        pytest.param({"extra": {"office": "A", "allow_private_network": "yes"}}, "CONN_EXTRA", id="C24 switch"),
        pytest.param({"extra": {}}, "CONN_EXTRA", id="office missing"),
        pytest.param({"login": ""}, "CONN_LOGIN_MISSING", id="login blank"),
    ],
)
@pytest.mark.requirement("CARD-5")
def test_a_wrong_field_has_its_code(changes: dict[str, Any], code: str) -> None:
    assert code in codes(**changes)


@pytest.mark.requirement("CARD-5")
def test_all_problems_are_reported_at_once() -> None:
    found = codes(host="", schema="ftp", port=22, password="abc", login="", extra={"office": "A", "what": 1})
    assert found == ["CONN_HOST", "CONN_SCHEME", "CONN_PORT", "CONN_SECRET_TOO_SHORT", "CONN_EXTRA", "CONN_LOGIN_MISSING"]


@pytest.mark.requirement("SAFE-9")
def test_no_value_is_ever_named() -> None:
    secret = "Passwort-4711-Geheim"
    with pytest.raises(ConfigurationError) as caught:
        checked_settings(connection(host=f"u:{secret}@h", extra={secret: 1, "page_size": secret}), "smartoffice")
    assert secret not in str(caught.value)
    assert "smartoffice_x" in str(caught.value)


@pytest.mark.parametrize("hook", [SmartOfficeHook, FmgHook])
@pytest.mark.requirement("CARD-5")
def test_a_missing_connection_is_named(hook: type[SmartOfficeHook | FmgHook]) -> None:
    ok, message = hook("nobody_made_this").test_connection()
    assert not ok
    assert "CONN_NOT_FOUND" in message
    assert "nobody_made_this" in message


def test_settings_of_smartoffice(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"office": "DEMO01", "page_size": 500, "paging": "report", "allow_private_network": True, "path": "/so/xml"}
    body = {**GOOD, "host": "127.0.0.1", "port": 8900, "schema": "http", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMARTOFFICE_X", json.dumps({name: value for name, value in body.items() if name != "conn_id"}))
    settings = SmartOfficeHook("smartoffice_x").settings()
    assert settings.base_url == "http://127.0.0.1:8900/so/xml"
    assert (settings["office"], settings.login, settings["page_size"], settings["paging"]) == ("DEMO01", "jroe", 500, "report")
    assert settings.requests_per_second == 20


def test_settings_of_fmg(monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"conn_type": "fmg", "host": "api.example.com", "password": "kVq4-Zt81-rest", "extra": {"account": "FMG-1001", "path": "/fmg"}}
    monkeypatch.setenv("AIRFLOW_CONN_FMG_X", json.dumps(body))
    settings = FmgHook("fmg_x").settings()
    assert (settings.base_url, settings["account"], settings.name) == ("https://api.example.com/fmg", "FMG-1001", "fmg_x")
