"""Rows C1 to C34 of docs/bad-input.md: a connection or a run configuration that may not be used ends the task that meets it.

The extract task is run as Airflow runs it, over connections from the environment; the code stands in the run and in its report.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.definitions.param import ParamsDict

import embedded_airflow  # noqa: F401 - before airflow
from crosswalk.cli import main
from crosswalk.core.model import RunStatus
from crosswalk.errors import AuthRefused, ConfigurationError, CrosswalkError
from crosswalk.orchestration.defaults import sync_params
from crosswalk.orchestration.operators.smartoffice import SmartOfficeExtractOperator
from crosswalk.orchestration.operators.steps import SelectAccountsOperator
from world import World, world

NAME = "smartoffice_to_fmg"
SECRET = "Kanari-4711-Vogel"
HOST = "office.example.com"
OPEN = {"office": "DEMO01"}
ONLY = {**OPEN, "allowed_hosts": f"api.example.com, {HOST}"}
ACCOUNT = '[summit]\nsource = "smartoffice_test"\ntarget = "fmg_test"\nscope = "all"\nfrequency = "daily"\n'
Fields = dict[str, Any]


def hosts(row: str, code: str, *names: str, extra: Fields = OPEN) -> dict[str, tuple[Fields, str]]:
    return {row if number == 0 else f"{row} {name}": ({"host": name, "extra": extra}, code) for number, name in enumerate(names)}


ROWS: dict[str, tuple[Fields, str]] = {
    "C2": ({"host": ""}, "CONN_HOST"),
    "C3": ({"schema": "http"}, "CONN_SCHEME"),
    "C4": ({"schema": "file"}, "CONN_SCHEME"),
    **{f"C4 {scheme}": ({"schema": scheme}, "CONN_SCHEME") for scheme in ("ftp", "gopher", "data")},
    "C4 in the host": ({"host": "file:///etc/passwd"}, "CONN_SCHEME"),
    "C5": ({"host": f"jroe:{SECRET}@{HOST}"}, "CONN_USERINFO"),
    **hosts("C6", "CONN_ADDRESS_BLOCKED", "localhost", "127.0.0.1", "::1", "[::1]", "sandbox.localhost"),
    **hosts("C7", "CONN_ADDRESS_BLOCKED", "2130706433", "0177.0.0.1", "0x7f000001", "127.1"),
    **hosts("C8", "CONN_ADDRESS_BLOCKED", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1"),
    **hosts("C9", "CONN_ADDRESS_BLOCKED", "169.254.169.254", "metadata.google.internal", "fd00:ec2::254"),
    **hosts("C10", "CONN_ADDRESS_BLOCKED", "10.0.0.5", "172.16.0.5", "192.168.1.5", "fc00::5"),
    **hosts("C16", "CONN_HOST_NOT_ALLOWED", f"{HOST}.evil.example", f"evil-{HOST}", f"evil.{HOST}", "example.com", extra=ONLY),
    **hosts("C17", "CONN_HOST_NOT_ALLOWED", "offіce.example.com", "xn--offce-k2e.example.com", extra=ONLY),
    "C18": ({"host": f"{HOST}\nX-Evil: 1"}, "CONN_BAD_CHARACTER"),
    "C18 header": ({"password": f"{SECRET}\r\nX-Evil: 1"}, "CONN_BAD_CHARACTER"),
    "C19": ({"port": "0"}, "CONN_PORT"),  # 0 as a number Airflow reads as blank
    **{f"C19 {port}": ({"port": port}, "CONN_PORT") for port in (22, 70000)},
    "C19 text": ({"port": "web"}, "CONN_NOT_FOUND"),  # Airflow itself cannot read such a connection
    "C21": ({"password": ""}, "CONN_SECRET_MISSING"),
    "C22": ({"password": "x7Q!"}, "CONN_SECRET_TOO_SHORT"),
    "C23": ({"password": "contacts"}, "CONN_SECRET_WEAK"),
    "C24": ({"extra": "not JSON"}, "CONN_EXTRA"),
    "C24 unknown key": ({"extra": {**OPEN, SECRET: 1}}, "CONN_EXTRA"),
    "C24 no host at all": ({"extra": {**OPEN, "allowed_hosts": " , "}}, "CONN_EXTRA"),
}
RESOLVED = {
    "C11": ("10.0.0.5",),
    "C12": ("93.184.216.34", "10.0.0.5"),
    "C17 normalised": ("10.0.0.5",),
}
CONFS: dict[str, tuple[Any, str]] = {
    "C32": ({"acounts": ["summit"]}, "CONF_INVALID"),
    "C32 type": ({"dry_run": SECRET}, "CONF_INVALID"),
    "C32 1 MB": ({"accounts": [SECRET * 60_000]}, "CONF_INVALID"),
    "C33": ({"snapshot": 3}, "CONF_STALE"),
    "C34": ({"max_deletes": 10_000}, "CONF_FORBIDDEN"),
    "C34 approval": ({"approved": True}, "CONF_FORBIDDEN"),
}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("connections"), contacts=25, groups=3, seed=5) as made:
        made.run(approve=lambda _: True)
        yield made


@pytest.fixture
def delivered(box: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """A delivered list that has to stay as it is, an accounts file, and every connection but SmartOffice's."""
    define(monkeypatch, "CROSSWALK_STORE", {"conn_type": "crosswalk_store", "extra": {"sqlite_path": str(box.folder / "store.db")}})
    define(monkeypatch, "CROSSWALK_LANDING", {"conn_type": "crosswalk_landing", "extra": {"url": f"file://{box.folder / 'landing'}"}})
    define(monkeypatch, "FMG_TEST", local(box, "fmg", "sandbox-key", {"account": "FMG-1001", "path": "/fmg"}))
    define(monkeypatch, "FMG_NEW", local(box, "fmg", "sandbox-key", {"account": "FMG-2", "path": "/fmg"}))
    text = ACCOUNT + ACCOUNT.replace("summit", "newcomer").replace("_test", "_new")
    (tmp_path / "fmg.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("CROSSWALK_ACCOUNTS", str(tmp_path))
    before = box.contacts(), box.groups(), box.fmg_account()
    yield box
    box.control("DELETE", "/faults")
    assert (box.contacts(), box.groups(), box.fmg_account()) == before


def define(monkeypatch: pytest.MonkeyPatch, name: str, fields: Fields) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(fields))


def local(box: World, kind: str, secret: str, extra: Fields) -> Fields:
    host, port = box.url.removeprefix("http://").split(":")
    fields = {"conn_type": kind, "host": host, "port": int(port), "schema": "http", "login": "integration", "password": secret}
    return {**fields, "extra": {**extra, "allow_private_network": True}}


def public(**changes: Any) -> Fields:
    return {"conn_type": "smartoffice", "host": HOST, "login": "jroe", "password": SECRET, "extra": OPEN, **changes}


def refused(box: World, account: str = "summit") -> CrosswalkError:
    """How the extract task ends; the run and its report say the same, and nothing says the secret or the host."""
    task = SmartOfficeExtractOperator(task_id="extract", integration=NAME, account=account)
    instance = SimpleNamespace(dag_id="fmg_daily_sync", run_id="r1", map_index=0, try_number=1)
    with pytest.raises(CrosswalkError) as caught:
        task.execute({"ti": instance, "dag_run": SimpleNamespace(run_type="manual"), "params": {}})  # type: ignore[typeddict-item]
    row = box.store.runs.latest(NAME, account, limit=1)[0]
    folder = box.zone.report_folder(row.key)
    report = folder.read_bytes("report.json").decode() + folder.read_bytes("report.html").decode()
    assert (row.error_code, row.key) == (caught.value.code, task.key)
    assert caught.value.code in report
    assert "smartoffice_" in str(caught.value)
    for text in (str(caught.value), report):
        assert not re.search(rf"{SECRET}|{re.escape(HOST)}|passwd|X-Evil", text)
    return caught.value


@pytest.mark.requirement("CARD-5", "SAFE-9")
@pytest.mark.parametrize("row", ROWS)
def test_a_connection_that_may_not_be_used_ends_the_run(row: str, delivered: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fields, code = ROWS[row]
    define(monkeypatch, "SMARTOFFICE_TEST", public(**fields))
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", no_look_up)
        assert refused(delivered).code == code


def no_look_up(host: str, *_: Any, **__: Any) -> Any:
    raise AssertionError("a refused host was looked up")


@pytest.mark.requirement("CARD-5")
@pytest.mark.parametrize("row", ["C1"])
def test_a_missing_connection_is_named(row: str, delivered: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(delivered).code == "CONN_NOT_FOUND"
    capsys.readouterr()
    assert main(["accounts", "check", "fmg", "summit", "--json"]) == 1
    lines = [line for line in json.loads(capsys.readouterr().out) if not line["ok"]]
    assert [(line["part"], "CONN_NOT_FOUND" in line["message"]) for line in lines] == [("smartoffice (smartoffice_test)", True)]


@pytest.mark.requirement("SAFE-9")
@pytest.mark.parametrize("row", RESOLVED)
def test_every_address_of_a_name_counts(row: str, delivered: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in RESOLVED[row]]

    define(monkeypatch, "SMARTOFFICE_NEW", public(host="OFFICE.Example.com." if row == "C17 normalised" else HOST, extra=ONLY))
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        assert refused(delivered, "newcomer").code == "CONN_ADDRESS_BLOCKED"
    assert asked == [HOST]


@pytest.mark.requirement("SAFE-9")
@pytest.mark.parametrize(("row", "where"), [("C14", "https://other.example/"), ("C15", "")], ids=["C14", "C15"])
def test_a_redirect_is_not_followed(row: str, where: str, delivered: World, monkeypatch: pytest.MonkeyPatch) -> None:
    define(monkeypatch, "SMARTOFFICE_TEST", local(delivered, "smartoffice", "sandbox-secret", OPEN))
    headers = {"Location": where or f"{delivered.url}/elsewhere"}
    delivered.control("POST", "/faults", system="smartoffice", kind="status", status=302, headers=headers, times=50)
    delivered.control("DELETE", "/requests")
    assert refused(delivered).code == "CONN_REDIRECT"
    assert delivered.control("GET", "/requests?system=smartoffice")["counters"]["smartoffice"]["reads"] <= 1


@pytest.mark.requirement("FMG-02")
@pytest.mark.parametrize("row", ["C25"])
def test_two_accounts_never_share_a_list(row: str, delivered: World, tmp_path: Path) -> None:
    account = delivered.account()
    other = replace(account, settings=replace(account.settings, name="harbor"))
    with pytest.raises(ConfigurationError, match="CONN_ALREADY_BOUND"):
        other.run("test")
    path = tmp_path / "fmg.toml"
    path.write_text(ACCOUNT + ACCOUNT.replace("summit", "harbor"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="CONN_ALREADY_BOUND"):
        select({})


@pytest.mark.requirement("SAFE-2", "SAFE-4")
@pytest.mark.parametrize("row", ["C26", "C26 other office"])
def test_another_source_than_before_never_replaces_the_list(row: str, delivered: World) -> None:
    if row != "C26":
        delivered.control("POST", "/smartoffice/offices", office="OTHER", contacts=25, groups=3, seed=5)
        with pytest.raises(ConfigurationError, match="CONN_SOURCE_CHANGED"):
            delivered.with_(office="OTHER").run()
        return
    delivered.control("POST", "/smartoffice/offices", office="DEMO01", contacts=25, groups=3, seed=5, site=8)
    result = delivered.run()
    delivered.control("POST", "/smartoffice/offices", office="DEMO01", contacts=25, groups=3, seed=5)
    assert result.status is RunStatus.HELD
    assert "CONN_SOURCE_CHANGED" in [hold["code"] for hold in result.holds]


@pytest.mark.requirement("CARD-5")
@pytest.mark.parametrize("row", ["C27"])
def test_a_key_that_may_only_read_writes_nothing(row: str, delivered: World) -> None:
    delivered.source_contact(delivered.contacts()[0]["source_id"], Greeting="Q")
    delivered.control("POST", "/faults", system="fmg", kind="error", status=403, code="FORBIDDEN", match="open import", times=50)
    with pytest.raises(AuthRefused, match="TGT_AUTH_FAILED"):
        delivered.run()


@pytest.mark.requirement("SAFE-2")
@pytest.mark.parametrize("row", CONFS)
def test_a_run_configuration_beyond_the_form_starts_nothing(row: str, delivered: World) -> None:
    conf, code = CONFS[row]
    with pytest.raises(ConfigurationError) as caught:
        select(conf)
    assert caught.value.code == code
    assert SECRET not in str(caught.value)


def select(conf: Any) -> list[str]:
    """What the DAG's first task does."""
    dag = SimpleNamespace(params=ParamsDict(sync_params()))
    task = SelectAccountsOperator(task_id="accounts", integration=NAME)
    return task.execute({"dag": dag, "dag_run": SimpleNamespace(conf=conf, run_type="manual"), "params": {}})  # type: ignore[typeddict-item]
