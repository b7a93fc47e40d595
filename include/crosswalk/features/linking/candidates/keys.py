"""The normal forms two records are compared by; what cannot be one is "", which equals nothing. Ours: the seed names fields, no rule."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

import idna
import numpy as np
import numpy.typing as npt
import pandas as pd

from crosswalk.core.converters import email_key

Texts = npt.NDArray[np.object_]

SEPARATOR = ";"
"""Between several values of one column."""

_PUNCTUATION = str.maketrans("", "", " ()-./\u00a0")
_US_NUMBER = re.compile(r"(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})")
_EXTENSION = re.compile(r"(.*?)\s*(?:;?\s*(?:extension|ext\.?|x\.?|#))\s*:?\s*([0-9]{1,7})", re.IGNORECASE)
_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?(?://)?(?:[^/?#@]*@)?([^/?#:]+)(?::[0-9]+)?(?:[/?#].*)?", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9])?")
_NOT_WORD = re.compile(r"[^\w]+|_")
_SECOND_LEVEL = frozenset(("ac", "co", "com", "edu", "gob", "gov", "gv", "ne", "net", "nom", "or", "org"))


def phone_key(text: str, region: str = "US") -> str:
    """Return E.164, an extension after " x"; "" for what cannot be a whole number. region: ISO country of numbers without +."""
    typed = text.strip()
    plain = typed.translate(_PUNCTUATION)
    found = _US_NUMBER.fullmatch(plain) if region == "US" else None
    if found:  # what phonenumbers says of it, at a hundredth of the cost
        return f"+1{found[1]}"
    extended = _EXTENSION.fullmatch(typed)
    if extended and extended[1]:
        number = phone_key(extended[1], region)
        return f"{number} x{extended[2]}" if number else ""
    return _parsed_phone(typed, region) if len(plain) >= 6 else ""


def host_key(text: str) -> str:
    """Return the domain a website is registered under, as far as it can be told without a list of all suffixes.

    Two labels, three under a suffix such as co.uk. "" for addresses in numbers, single labels and hosts of many tenants (hosts.csv).
    """
    found = _HOST.fullmatch(text.strip())
    labels = _ascii_host(found[1]).split(".") if found else []
    if len(labels) < 2 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        return ""
    compound = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    host = ".".join(labels[-3:] if compound else labels[-2:])
    return "" if host in words("hosts") else host


def company_key(text: str) -> str:
    """Return a company's name without case, accents, punctuation, a leading "the" and legal forms at its end (legal_forms.csv)."""
    tokens = _NOT_WORD.sub(" ", unmarked(text).replace("&", " and ").replace("'", "").replace("’", "").replace(".", "")).split()
    tokens = tokens[1:] if len(tokens) > 1 and tokens[0] == "the" else tokens
    while len(tokens) > 1 and (tokens[-1] in words("legal_forms") or tokens[-1] == "and"):
        tokens = tokens[:-1]
    return " ".join(tokens)


def name_key(text: str) -> str:
    """Return a person's first or last name without case, accents and punctuation; words are kept apart by one space."""
    return " ".join(_NOT_WORD.sub(" ", unmarked(text).replace("'", "").replace("’", "").replace(".", " ")).split())


def unmarked(text: str) -> str:
    """Return a text without case and accents; ß becomes ss, ø o."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    return "".join(character for character in folded if not unicodedata.combining(character))


def each(column: pd.Series[str], key: Callable[[str], str]) -> Texts:
    """Apply a key to every distinct value of a column once; returns one key a row."""
    codes, values = pd.factorize(column.to_numpy(dtype=object))
    keys = np.array([key(value) for value in values] or [""], dtype=object)
    return keys[codes] if len(codes) else np.empty(0, dtype=object)


def holdings(frame: pd.DataFrame, columns: Sequence[str], key: Callable[[str], str]) -> pd.DataFrame:
    """List which row holds which key: columns `row` (position) and `key`, each pair once; several values stand apart by SEPARATOR."""
    found = []
    for name in columns:
        apart = [value.split(SEPARATOR) for value in frame[name].tolist()]
        rows = np.repeat(np.arange(len(frame)), [len(values) for values in apart])
        values = pd.Series([value for values in apart for value in values], dtype="str")
        found.append(pd.DataFrame({"row": rows, "key": each(values, key)}))
    held = pd.concat(found) if found else pd.DataFrame({"row": np.empty(0, np.intp), "key": np.empty(0, object)})
    return held[held["key"] != ""].drop_duplicates(ignore_index=True)


@cache
def words(table: str) -> frozenset[str]:
    """Read a one-column word list beside this module."""
    text = resources.files("crosswalk.features.linking.candidates").joinpath(f"{table}.csv").read_text("utf-8")
    return frozenset(row["word"] for row in csv.DictReader(text.splitlines()))


KEYS: dict[str, Callable[[str], str]] = {"email": email_key, "phone": phone_key, "website": host_key, "name": company_key}
"""How a value of each kind is compared."""

_STROKES = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"})


def _parsed_phone(typed: str, region: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        return ""
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return ""
    extension = f" x{number.extension}" if number.extension else ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) + extension


def _ascii_host(host: str) -> str:
    host = host.strip().strip(".").lower()
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""
