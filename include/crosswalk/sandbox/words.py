"""The words people and groups are made of (words.csv)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class City:
    """A place whose parts belong together."""

    name: str
    state: str
    zip_code: str
    area_code: str


@dataclass(frozen=True)
class Words:
    """The word lists. `first` pairs a name with the dictionary code of the gender it usually goes with."""

    first: list[tuple[str, str]]
    last: list[str]
    streets: list[str]
    cities: list[City]
    nicknames: list[str]
    topics: list[str]


@cache
def words() -> Words:
    """Read words.csv, once."""
    lists: dict[str, list[tuple[str, str]]] = {}
    text = files("crosswalk.sandbox").joinpath("words.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        lists.setdefault(row["kind"], []).append((row["text"], row["detail"]))
    return Words(
        first=lists["first"],
        last=_texts(lists["last"]),
        streets=_texts(lists["street"]),
        cities=[City(name, *detail.split()) for name, detail in lists["city"]],
        nicknames=_texts(lists["nickname"]),
        topics=_texts(lists["topic"]),
    )


def _texts(rows: list[tuple[str, str]]) -> list[str]:
    return [text for text, _ in rows]
