from __future__ import annotations

from pathlib import Path

import pytest

from crosswalk.errors import ConfigurationError
from crosswalk.integrations.accounts import accounts_folder, load_accounts, spec_of

SUMMIT = '[summit]\nsource = "smartoffice_summit"\ntarget = "fmg_summit"\nscope = "all"\nfrequency = "daily"\n'
HARBOR = '[harbor]\nsource = "smartoffice_harbor"\ntarget = "fmg_harbor"\nscope = ["Newsletter", "Clients A"]\nfrequency = "manual"\n'


def written(folder: Path, text: str) -> Path:
    (folder / "fmg.toml").write_text(text)
    return folder


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        load_accounts("fmg", written(folder, text))
    assert all(str(folder) not in str(one) for one in raised.value.problems)
    return [f"{one.code} {one.place}" for one in raised.value.problems]


@pytest.mark.requirement("FMG-03", "FMG-04")
def test_accounts_say_which_records_and_how_often(tmp_path: Path) -> None:
    accounts = load_accounts("fmg", written(tmp_path, SUMMIT + HARBOR + "[harbor.safety]\nmax_deletes = 20\n"))

    assert list(accounts) == ["summit", "harbor"]
    assert (accounts["summit"].scope, accounts["summit"].frequency, accounts["summit"].safety) == (None, "daily", {})
    harbor = accounts["harbor"]
    assert (harbor.name, harbor.integration, harbor.source, harbor.target) == (
        "harbor",
        "smartoffice_to_fmg",
        "smartoffice_harbor",
        "fmg_harbor",
    )
    assert (harbor.scope, harbor.frequency, harbor.safety) == (("Newsletter", "Clients A"), "manual", {"max_deletes": 20})


@pytest.mark.requirement("FMG-07")
def test_the_digest_changes_with_any_setting(tmp_path: Path) -> None:
    edits = [
        ("summit]", "summit2]"),
        ("smartoffice_summit", "smartoffice_2"),
        ("fmg_summit", "fmg_2"),
        ('"all"', '["A"]'),
        ("daily", "manual"),
    ]
    texts = [
        SUMMIT,
        SUMMIT + "[summit.safety]\nmax_deletes = 1\n",
        SUMMIT + 'zone = "America/Denver"\n',
        *(SUMMIT.replace(old, new) for old, new in edits),
    ]
    digests = {next(iter(load_accounts("fmg", written(tmp_path, text)).values())).digest for text in texts}
    swapped = HARBOR.replace('"Newsletter", "Clients A"', '"Clients A", "Newsletter"')

    assert len(digests) == len(texts)
    assert (
        load_accounts("fmg", written(tmp_path, HARBOR))["harbor"].digest
        == load_accounts("fmg", written(tmp_path, swapped))["harbor"].digest
    )


def test_the_accounts_of_the_repository_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSWALK_ACCOUNTS", raising=False)

    assert accounts_folder().name == "accounts"
    assert set(load_accounts("smartoffice_to_fmg")) >= {"summit", "harbor"}


def test_another_folder_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSWALK_ACCOUNTS", str(written(tmp_path, SUMMIT)))

    assert list(load_accounts("fmg")) == ["summit"]


@pytest.mark.requirement("FMG-02")
def test_no_connection_serves_two_accounts(tmp_path: Path) -> None:
    second = SUMMIT.replace("[summit]", "[harbor]")

    assert problems(tmp_path, SUMMIT + second) == [
        "CONN_ALREADY_BOUND fmg.toml [harbor] source",
        "CONN_ALREADY_BOUND fmg.toml [harbor] target",
    ]
    assert problems(tmp_path, SUMMIT + second.replace("smartoffice_summit", "smartoffice_harbor")) == [
        "CONN_ALREADY_BOUND fmg.toml [harbor] target"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["ACCOUNT_EMPTY fmg.toml"]),
        ("# nobody\n", ["ACCOUNT_NONE fmg.toml"]),
        ("[summit\n", ["ACCOUNT_SYNTAX fmg.toml"]),
        ("[summit]\n[summit]\n", ["ACCOUNT_SYNTAX fmg.toml"]),
        ("summit = 1\n", ["ACCOUNT_TYPE fmg.toml [summit]"]),
        (SUMMIT + "n = " + "9" * 5000, ["ACCOUNT_SYNTAX fmg.toml"]),
        (SUMMIT.replace("[summit]", '["Summit Ltd"]'), ["ACCOUNT_NAME fmg.toml [Summit Ltd]"]),
        (SUMMIT.replace("[summit]", '["../x"]'), ["ACCOUNT_NAME fmg.toml [../x]"]),
        (SUMMIT.replace("[summit]", f"[{'a' * 64}]"), [f"ACCOUNT_NAME fmg.toml [{'a' * 60}…]"]),
        (SUMMIT.replace("[summit]", '["summit\\n"]'), ["ACCOUNT_NAME fmg.toml [summit\\n]"]),
        (SUMMIT.replace("scope", "scop"), ["ACCOUNT_UNKNOWN_KEY fmg.toml [summit]", "ACCOUNT_MISSING_KEY fmg.toml [summit] scope"]),
        (SUMMIT + 'zone = "America/New_Yorck"\n', ["ACCOUNT_ZONE fmg.toml [summit] zone"]),
        (SUMMIT + 'zone = "../etc/passwd"\n', ["ACCOUNT_ZONE fmg.toml [summit] zone"]),
        (SUMMIT.replace("frequency", "schedule = 1\nfrequency"), ["ACCOUNT_UNKNOWN_KEY fmg.toml [summit]"]),
        (SUMMIT.replace('"daily"', '"hourly"'), ["ACCOUNT_TYPE fmg.toml [summit] frequency"]),
        (SUMMIT.replace('"fmg_summit"', '"fmg summit"'), ["ACCOUNT_TYPE fmg.toml [summit] target"]),
        (SUMMIT.replace('"fmg_summit"', '""'), ["ACCOUNT_TYPE fmg.toml [summit] target"]),
        (SUMMIT.replace('"fmg_summit"', "7"), ["ACCOUNT_TYPE fmg.toml [summit] target"]),
        (SUMMIT.replace('"all"', "[]"), ["ACCOUNT_SCOPE fmg.toml [summit] scope"]),
        (SUMMIT.replace('"all"', '["A", "A"]'), ["ACCOUNT_SCOPE fmg.toml [summit] scope"]),
        (SUMMIT + "safety = 5\n", ["ACCOUNT_TYPE fmg.toml [summit] safety"]),
        (SUMMIT + "[summit.safety]\nmax_deletes = 501\n", ["CONF_FORBIDDEN fmg.toml [summit] safety max_deletes"]),
        (SUMMIT + "[summit.safety]\nmax_delets = 5\n", ["ACCOUNT_UNKNOWN_KEY fmg.toml [summit] safety"]),
        (SUMMIT + '[summit.safety]\nmax_deletes = "5"\n', ["ACCOUNT_TYPE fmg.toml [summit] safety max_deletes"]),
    ],
)
def test_what_is_wrong_with_an_account_is_named_with_its_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert problems(tmp_path, text) == expected


@pytest.mark.parametrize("scope", ['"some"', '[" "]', '["A", 5]', "5"])
def test_a_scope_is_all_or_names_of_groups(tmp_path: Path, scope: str) -> None:
    assert {one.split(" ")[0] for one in problems(tmp_path, SUMMIT.replace('"all"', scope))} == {"ACCOUNT_TYPE"}


def test_all_accounts_are_looked_at_before_anything_is_said(tmp_path: Path) -> None:
    wrong = SUMMIT.replace('"daily"', '"never"') + HARBOR.replace("[harbor]", "[Harbor]") + "[harbor2]\n"

    assert {one.split(" ")[0] for one in problems(tmp_path, wrong)} == {"ACCOUNT_TYPE", "ACCOUNT_NAME", "ACCOUNT_MISSING_KEY"}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_accounts("fmg", tmp_path)
    assert raised.value.problems[0].code == "ACCOUNT_NOT_FOUND"


CRM_ACCOUNT = '[northwind]\n{system}source = "crm"\ntarget = "mindmatrix"\nfrequency = "daily"\n'


@pytest.mark.requirement("MIND-01")
@pytest.mark.parametrize(
    ("system", "codes"),
    [('system = "connectwise"\n', []), ("", ["ACCOUNT_MISSING_KEY"]), ('system = "smartoffice"\n', ["ACCOUNT_SYSTEM"])],
)
def test_an_account_says_which_crm_its_source_is(tmp_path: Path, system: str, codes: list[str]) -> None:
    (tmp_path / "mindmatrix.toml").write_text(CRM_ACCOUNT.format(system=system), encoding="utf-8")
    if not codes:
        account = load_accounts("mindmatrix", tmp_path)["northwind"]
        assert (account.system, spec_of(account).source) == ("connectwise", "connectwise")
        assert account.options == {"filter_field": "company_type", "filter_values": [], "delete_inactive": False, "at": "02:00"}
        return
    with pytest.raises(ConfigurationError) as caught:
        load_accounts("mindmatrix", tmp_path)
    assert [problem.code for problem in caught.value.problems] == codes
