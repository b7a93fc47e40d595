from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.errors import ConfigurationError, DataError
from crosswalk.features.eligibility.decision_table import DECISIONS, INPUTS, load_decisions

TWO_INPUTS = "input,value,meaning\nlight,red,\nlight,green,\nhurry,yes,\nhurry,no,\n"
HEAD = "light,hurry,outcome,reason,note\n"
WHOLE = "red,any,frozen,STOP,\ngreen,yes,create,GO,\ngreen,no,update,GO_SLOWLY,\n"


def table(folder: Path, rows: str, inputs: str = TWO_INPUTS) -> Path:
    (folder / INPUTS).write_text(inputs, encoding="utf-8")
    (folder / DECISIONS).write_text(HEAD + rows, encoding="utf-8")
    return folder


def codes(folder: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_decisions(folder)
    return [problem.code for problem in caught.value.problems]


def test_each_record_gets_the_outcome_of_its_row(tmp_path: Path) -> None:
    decisions = load_decisions(table(tmp_path, WHOLE))
    frame = pd.DataFrame([("green", "no"), ("red", "yes"), ("green", "yes"), ("red", "no")], columns=["light", "hurry"], index=[7, 3, 9, 1])
    decided = decisions.apply(frame)
    assert decided.index.tolist() == [7, 3, 9, 1]
    assert decided["outcome"].tolist() == ["update", "frozen", "create", "frozen"]
    assert decided["reason"].tolist() == ["GO_SLOWLY", "STOP", "GO", "STOP"]


def test_no_record_is_no_decision(tmp_path: Path) -> None:
    decided = load_decisions(table(tmp_path, WHOLE)).apply(pd.DataFrame({"light": [], "hurry": []}, dtype="str"))
    assert (len(decided), list(decided.columns)) == (0, ["outcome", "reason"])


def test_a_value_nobody_declared_is_no_decision(tmp_path: Path) -> None:
    decisions = load_decisions(table(tmp_path, WHOLE))
    with pytest.raises(DataError) as caught:
        decisions.apply(pd.DataFrame({"light": ["amber-secret"], "hurry": ["no"]}))
    assert caught.value.code == "DECISION_INPUT"
    assert "amber-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("red,any,frozen,STOP,\ngreen,yes,create,GO,\n", ["MAP_DECISION_GAP"]),
        (WHOLE + "any,no,delete,OFF,\n", ["MAP_DECISION_OVERLAP", "MAP_DECISION_OVERLAP"]),
        (WHOLE + "red,yes,frozen,STOP,\n", ["MAP_DECISION_OVERLAP"]),
        (WHOLE.replace("red", "rde", 1), ["MAP_DECISION_VALUE"]),
        (WHOLE.replace("red", "red ", 1), ["MAP_DECISION_VALUE"]),
        (WHOLE.replace("red", "", 1), ["MAP_DECISION_VALUE"]),
        (WHOLE.replace("frozen", "unchanged"), ["MAP_DECISION_OUTCOME"]),
        (WHOLE.replace("STOP", "stop it"), ["MAP_DECISION_OUTCOME"]),
        ("rde,any,froze,STOP,\nred,maybe,create,,\n", ["MAP_DECISION_VALUE", "MAP_DECISION_OUTCOME"] * 2),
        ("", ["MAP_DECISION_GAP"]),
    ],
)
def test_what_is_wrong_is_said_all_at_once(tmp_path: Path, rows: str, expected: list[str]) -> None:
    assert codes(table(tmp_path, rows)) == expected


def test_a_gap_names_combinations_and_counts_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_decisions(table(tmp_path, "red,yes,frozen,STOP,\n"))
    assert "3 combination(s): light red, hurry no; light green, hurry yes; light green, hurry no" in str(caught.value)


@pytest.mark.parametrize("extra", ["light,red,\n", "light,any,\n", "light,very red,\n", ",blue,\n"])
def test_inputs_are_words_each_named_once(tmp_path: Path, extra: str) -> None:
    assert "MAP_DECISION_VALUE" in codes(table(tmp_path, WHOLE, TWO_INPUTS + extra))


def test_files_that_are_missing_are_named(tmp_path: Path) -> None:
    assert codes(tmp_path) == ["MAP_NOT_FOUND"]


@given(st.lists(st.sampled_from(list(product(("red", "green"), ("yes", "no")))), max_size=40))
def test_a_record_is_decided_by_itself(tmp_path_factory: pytest.TempPathFactory, records: list[tuple[str, str]]) -> None:
    decisions = load_decisions(table(tmp_path_factory.mktemp("t"), WHOLE))
    together = decisions.apply(pd.DataFrame(records, columns=["light", "hurry"], dtype="str"))
    alone = [decisions.apply(pd.DataFrame([one], columns=["light", "hurry"], dtype="str")).iloc[0].tolist() for one in set(records)]
    by_record = dict(zip(set(records), alone, strict=True))
    assert together.to_numpy().tolist() == [by_record[one] for one in records]
