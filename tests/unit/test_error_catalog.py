"""Every code that can leave the package is in the catalog, of the kind it is built as; every row of the catalog is used."""

from __future__ import annotations

import ast
import copy
import importlib.util
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from crosswalk import errors
from crosswalk.core.npn import NpnFault
from crosswalk.core.plurals import plural
from crosswalk.errors import ConfigurationError, CrosswalkError, DataError, Problem, RecordRejected, TransientError
from crosswalk.errors.catalog import RECOVERY, catalog, find, require
from crosswalk.integrations.specs import integration_names, load_spec
from crosswalk.reports.wording import REASONS
from error_codes import CODE, call_name, package_trees, prefixed, walk

ROOT = Path(__file__).parents[2]
PACKAGE = Path(errors.__file__).parents[1]
TREES = package_trees(PACKAGE)
FOUND = walk(TREES)
TARGETS = ("fmg", "mindmatrix", "emoney", "flex", "agent_crm")
COMPUTED = {"LIMIT_…", "TGT_…"} | {f"…_{end}" for end in ("NOT_FOUND", "TOO_LARGE", "EMPTY", "ENCODING", "SYNTAX", "TYPE")}
COMPUTED |= {"…_UNKNOWN_KEY", "…_MISSING_KEY"}
NO_CODES = {"CROSSWALK_AIRFLOW_…", "AIRFLOW_CONN_…", "…_…", "…_SAME", "…_CLOSE", "…_DIFFERS"}
"""Put together like a code: names of the environment, of landed tables, of evidence."""
NAMES = {"AIRFLOW_HOME", "CROSSWALK_ACCOUNTS", "FIRST_NAME", "LAST_NAME", "TEN_SECONDLY_ROLLING"}
EVIDENCE = {"EXTENSION_SAME", "EXTENSION_DIFFERS", "SUFFIX_DIFFERS"}
OF_VENDORS = {
    "AUTH_FAILED": "TGT_AUTH_FAILED",
    "UNAUTHORIZED": "TGT_AUTH_FAILED",
    "FORBIDDEN": "TGT_AUTH_FAILED",
    "TOKEN_INVALID": "TGT_AUTH_FAILED",
    "APIKEY_INVALID": "TGT_AUTH_FAILED",
    "RATE_LIMITED": "CONN_RATE_LIMITED",
    "INTERNAL": "CONN_SERVER_ERROR",
    "PART_REFUSED": "TGT_REFUSED",
    "PART_TOO_LARGE": "TGT_REFUSED",
    "BATCH_REFUSED": "TGT_REFUSED",
    "BATCH_TOO_LARGE": "TGT_REFUSED",
    "OPT_IN_REQUIRED": "TGT_REFUSED",
    "KEY_REUSED": "TGT_REFUSED",
    "STALE_SNAPSHOT": "TGT_STALE_SNAPSHOT",
    "IMPORT_CLOSED": "TGT_IMPORT_CLOSED",
    "DELIVERY_CLOSED": "TGT_DELIVERY_CLOSED",
    "LIST_CHANGED": "TGT_LIST_CHANGED",
    "MANAGED_ELSEWHERE": "TGT_MANAGED_ELSEWHERE",
    "COUNT_MISMATCH": "TGT_COUNT_MISMATCH",
    "EMAIL_NOT_UNIQUE": "TGT_EMAIL_NOT_UNIQUE",
    "SESSION_EXPIRED": "SRC_SESSION_LOST",
    "SEARCH_UNKNOWN": "SRC_SESSION_LOST",
}
"""What a vendor says of a whole request, and the code it ends in. What it says of one record ends in TGT_ and the same word."""
HANDED_ON = {
    "core/mapping.py: Rejection(result.code)",
    "core/npn.py: RecordRejected(fault.value)",
    "core/spec/expectations.py: Expectation()",
    "core/spec/mapping_checks.py: Problem(code)",
    "core/spec/reader.py: Problem(error.code)",
    "engine/load.py: Rejection(meant.code)",
    "engine/artifacts.py: Rejection()",
    "engine/report.py: Hold()",
    "features/inbound_files/feature.py: Hold(hold.code)",
    "core/arrived_file.py: Hold()",
    "features/linking/candidates/roles.py: Problem(error.code)",
    "features/tenancy/businesses.py: Problem(error.code)",
    "systems/carriers/records.py: Rejection(code)",
    "systems/carriers/source.py: LogLine()",
    "systems/carriers/source.py: LogLine(error.code)",
    "systems/carriers/source.py: LogLine(one.error.code)",
    "systems/emoney/delivery.py: Refusal(refused.code)",
    "validation/suite.py: Rejection(one.code)",
}
"""Built with a code the walk cannot read: it comes from another error, from the store, from spec.toml, or from a tuple beside it."""


def fits(kind: str, kinds: tuple[str, ...]) -> bool:
    return kind in kinds or (kind == "DataError" and "file" in kinds)


def all_codes() -> dict[tuple[str, str], str]:
    """Every (code, kind) that can leave the package, and where it comes from; kind "" where only the code can be read."""
    found = dict(FOUND.codes)
    found |= dict.fromkeys(((code, "ConfigurationError") for code in prefixed(TREES)), "a file that is read")
    found |= dict.fromkeys(((one.value, "rejection") for one in NpnFault), "core/npn.py")
    for name in integration_names():
        found |= {(f"LIMIT_{plural(entity).upper()}", "PermanentError"): f"limits of {name}" for entity in load_spec(name).limits}
    for vendor in TARGETS:
        found |= {(f"TGT_{code}", "refusal"): place for code, place in vendor_codes(vendor).items() if code not in OF_VENDORS}
    known = {code for code, _ in found}
    not_ours = NAMES | EVIDENCE | OF_VENDORS.keys() | REASONS.keys()
    for code, place in FOUND.mentioned.items():
        if code not in known and code not in not_ours and f"TGT_{code}" not in known:
            found[code, ""] = place
    return found


def vendor_codes(vendor: str) -> dict[str, str]:
    """Codes the sandbox of a target sends, but for those of its test controls."""
    found: dict[str, str] = {}
    for path in sorted((PACKAGE / "sandbox" / vendor).glob("*.py")):
        if path.name != "control.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= dict.fromkeys(_sent(tree), f"sandbox/{vendor}/{path.name}")
    return found


def _sent(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        given: list[ast.expr] = []
        if isinstance(node, ast.Call) and call_name(node) in ("Refused", "Wrong", "FieldRefused", "__init__"):
            given = node.args[1:2]
        if isinstance(node, ast.Dict):
            given = [
                value for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant) and key.value == "code"
            ]
        yield from (
            one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str) and CODE.fullmatch(one.value)
        )


def test_every_code_is_in_the_catalog_with_its_kind() -> None:
    missing = {code: place for (code, _), place in all_codes().items() if code not in catalog()}
    assert not missing
    wrong = {code: (kind, place) for (code, kind), place in all_codes().items() if kind and not fits(kind, catalog()[code].kinds)}
    assert not wrong


def test_every_row_of_the_catalog_is_used() -> None:
    built: dict[str, set[str]] = {}
    for code, kind in all_codes():
        built.setdefault(code, set()).add(kind)
    assert catalog().keys() - built.keys() == set()
    several = {code: row.kinds for code, row in catalog().items() if len(row.kinds) > 1}
    for code, kinds in several.items():
        assert {one if one != "file" else "DataError" for one in kinds} <= built[code], code


def test_the_walk_reads_every_code_there_is() -> None:
    assert FOUND.computed - NO_CODES == COMPUTED
    assert FOUND.unread == HANDED_ON


@pytest.mark.parametrize("code", ["LIMIT_CONTACTS", "LIMIT_GROUPS", "UNDONE", "REQUIRED_BLANK", "FIELD_TOO_LONG", "TGT_EDITED"])
def test_codes_of_the_night_are_found(code: str) -> None:
    assert code in {one for one, _ in all_codes()}


def test_more_codes_of_the_night_are_found() -> None:
    found = {code for code, _ in all_codes()}
    assert {"TGT_LINKED_ELSEWHERE", "TGT_EMAIL_TAKEN", "NEW_TO_LINK", "FILES_REFUSED", "FILE_SEEN", "FILE_NPN_MISSING"} <= found
    assert catalog()["SRC_READ_UNSTABLE"].kinds == ("TransientError",)
    assert catalog()["SRC_BAD_AMOUNT"].kinds == ("rejection",)


@pytest.mark.parametrize("source", ['raise DataError("NOT_LISTED", problem="")', 'raise Fenced("MASS_DELETE", problem="")'])
def test_the_walk_finds_what_the_catalog_does_not_have(source: str) -> None:
    ((code, kind),) = walk({"new.py": ast.parse(source)}).codes
    assert find(code, kind) is None


def test_what_vendors_send_ends_in_the_catalog() -> None:
    sent = {code for vendor in TARGETS for code in vendor_codes(vendor)}
    assert {"EDITED", "EMAIL_TAKEN", "SOURCE_TAKEN", "UNKNOWN_EMPLOYER", "ARCHIVED", "ALREADY_LINKED", "STALE_SNAPSHOT"} <= sent
    ends = {code: OF_VENDORS.get(code, f"TGT_{code}") for code in sent}
    assert {code: end for code, end in ends.items() if end not in catalog()} == {}


def test_rules_of_specs_say_all_a_page_needs() -> None:
    for name in integration_names():
        for rule in (one for entity in load_spec(name).entities for one in entity.expectations):
            assert CODE.fullmatch(rule.code)
            assert rule.severity in ("critical", "warning", "info")
            assert rule.message
            assert rule.fix
            if rule.code in catalog():
                assert {"rejection", "hold", "DataError"} & set(catalog()[rule.code].kinds), rule.code


def test_rows_read_well() -> None:
    codes = list(catalog())
    assert codes == sorted(codes)
    for row in catalog().values():
        assert CODE.fullmatch(row.code)
        assert set(row.kinds) <= RECOVERY.keys()
        assert re.fullmatch(r"([A-Z]|eMoney |carrier.toml |spec.toml |lookups.csv ).+\.", row.meaning), row.code
        assert re.fullmatch(r"[a-z.].+[^.]", row.next_step), row.code
        assert len(row.next_step) > 12, row.code
        assert "message says" not in row.next_step, row.code
        assert row.advice.endswith(".")


def test_decisions_of_a_table_have_words() -> None:
    for path in PACKAGE.glob("integrations/*/decision.csv"):
        reasons = {line.split(",")[7] for line in path.read_text(encoding="utf-8").splitlines()[1:]}
        assert reasons - {"ELIGIBLE"} <= REASONS.keys()


def test_an_error_takes_its_next_step_from_the_catalog_unless_it_knows_better() -> None:
    assert DataError("SRC_ORDER", problem="found").next_step == catalog()["SRC_ORDER"].next_step
    assert str(TransientError("SRC_BUSY", problem="busy", next_step="wait")) == "[SRC_BUSY] busy. Next: wait."
    assert Problem("MAP_TYPE", "mapping.csv row 7", "found").next_step == catalog()["MAP_TYPE"].next_step
    assert RecordRejected("SRC_BAD_DATE", problem="found").next_step == catalog()["SRC_BAD_DATE"].next_step
    assert copy.copy(DataError("SRC_ORDER", problem="found")).code == "SRC_ORDER"


@pytest.mark.parametrize("kind", [ConfigurationError, TransientError, DataError])
def test_an_unknown_code_or_kind_is_a_programming_error(kind: type[CrosswalkError]) -> None:
    with pytest.raises(LookupError, match="NOT_LISTED"):
        kind("NOT_LISTED", problem="found")
    with pytest.raises(ValueError, match="MASS_DELETE is hold"):
        kind("MASS_DELETE", problem="found")
    with pytest.raises(ValueError, match="SRC_BUSY"):
        Problem("SRC_BUSY", "here", "found")
    with pytest.raises(LookupError):
        require("UNHEARD", "hold")


def test_a_critical_rule_brings_its_own_words() -> None:
    error = DataError.of_rule("COMPANY_OF_SPEC", problem="found", next_step="fix it", operation="validating")
    assert str(error) == "[COMPANY_OF_SPEC] While validating: found. Next: fix it."
    assert str(copy.copy(error)) == str(error)


def test_several_problems_have_a_line_each() -> None:
    listed = [Problem("MAP_TYPE", f"mapping.csv row {row}", "wrong", "write yes") for row in (3, 4)]
    assert str(ConfigurationError.from_problems("reading the spec", listed)).splitlines() == [
        "[MAP_TYPE] While reading the spec: 2 problems",
        "  1. [MAP_TYPE] mapping.csv row 3: wrong. Next: write yes.",
        "  2. [MAP_TYPE] mapping.csv row 4: wrong. Next: write yes.",
        "Next: fix each of them and run again.",
    ]


def test_the_page_shows_every_code_and_every_rule() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert text == _generator().page(), "run: python docs/errors_page.py"
    headings = set(re.findall(r"^### ([A-Z0-9_]+)$", text, re.MULTILINE))
    assert catalog().keys() <= headings
    flat = " ".join(text.split())
    for row in catalog().values():
        assert row.meaning in flat
        assert row.advice in flat
    for path in sorted(PACKAGE.glob("integrations/*/spec.toml")):
        for rule in tomllib.loads(path.read_text(encoding="utf-8")).get("expectations", []):
            assert rule["code"] in headings
            assert f"{rule['severity']}, {path.parent.name}" in flat
    assert all(len(line) <= 140 for line in text.splitlines())


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("errors_page", ROOT / "docs" / "errors_page.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
