"""How a source value becomes a target value: named, typed functions that mapping tables refer to. There is no expression language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import idna

from crosswalk.core.ids import id_order
from crosswalk.core.npn import writing_npn_or_blank
from crosswalk.errors import RecordRejected

PHONE_LENGTH = 40

_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_MONEY = re.compile(r"(?P<open>\()?-?\$?-?(?P<whole>[0-9]{1,3}(,[0-9]{3})+|[0-9]+)(?P<part>\.[0-9]{1,2})?(?(open)\))")
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,4})?")
_CENT = Decimal("0.01")
_PUNCTUATION = str.maketrans("", "", " ()-./")
_PLAIN_NUMBER = re.compile(r"[2-9][0-9]{1,9}")


@dataclass(frozen=True)
class Converter:
    """One way to turn values. takes: the type of each source field, in order; gives: the type of the target field.

    `apply` takes one text a source field, returns the text for the target, and raises RecordRejected for a value it cannot turn.
    """

    name: str
    takes: tuple[str, ...]
    gives: str
    apply: Callable[..., str]


def trim(text: str) -> str:
    """Take surrounding space away; keep the rest as typed."""
    return text.strip()


def iso_date(text: str) -> str:
    """Turn year-month-day into YYYY-MM-DD; anything that is no day of the calendar is rejected."""
    if not text.strip():
        return ""
    found = _DATE.fullmatch(text.strip())
    try:
        if found:
            return date(*map(int, found.groups())).isoformat()
    except ValueError:
        found = None
    raise RecordRejected("SRC_BAD_DATE", operation="converting a date", problem="not a calendar date")


def amount(text: str) -> str:
    """Write a plain decimal amount with two digits after the point, halves to the even cent; what is no amount is rejected."""
    typed = text.strip()
    if typed and not _AMOUNT.fullmatch(typed):
        found = "not an amount of at most 15 digits and 4 decimals"
        raise RecordRejected("SRC_BAD_AMOUNT", operation="converting an amount", problem=found)
    return _cents(typed) if typed else ""


def spaced(first: str, second: str) -> str:
    """Join two texts by one space; a blank one leaves the other."""
    return f"{first.strip()} {second.strip()}".strip()


def sorted_ids(text: str) -> str:
    """Sort ids number by number and drop repeated ones; joined by one space."""
    return " ".join(sorted(set(text.split()), key=id_order)) if " " in text else text.strip()


def us_phone(area: str, number: str) -> str:
    """Join area code and number to E.164 where they can be a number (region US), an extension after " x"; as typed otherwise.

    Rejects only what is longer than PHONE_LENGTH characters.
    """
    typed = f"{area.strip()} {number.strip()}".strip()
    plain = typed.translate(_PUNCTUATION)
    # a plain number is what phonenumbers would say of it, at a hundredth of the cost
    whole = (f"+1{plain}" if len(plain) == 10 else "") if _PLAIN_NUMBER.fullmatch(plain) else _e164(typed)
    phone = whole or typed
    return _short_phone(phone)


def typed_phone(text: str) -> str:
    """Take surrounding space away; keep the number as typed. Rejects only what is longer than PHONE_LENGTH characters."""
    return _short_phone(text.strip())


def phone_with_extension(number: str, extension: str) -> str:
    """Join a number as typed and its extension by " x"; an extension alone is no number."""
    typed, extra = number.strip(), extension.strip()
    return _short_phone(f"{typed} x{extra}" if typed and extra else typed)


def flag(text: str) -> str:
    """Keep a flag, "true" or "false"; "" stays ""."""
    return text


def flag_not(text: str) -> str:
    """Turn a flag round: "true" becomes "false"; "" stays ""."""
    return {"true": "false", "false": "true"}.get(text, "")


def us_phone_whole(number: str) -> str:
    """Do as `us_phone` does where area code and number stand in one field."""
    return us_phone("", number)


def joined(first: str, second: str) -> str:
    """Join two parts of a name or a number by a hyphen; one of them alone where the other is blank."""
    return "-".join(filter(None, (first.strip(), second.strip())))


def money(text: str) -> str:
    """Turn an amount in dollars into plain digits with two decimals: "$1,234.5" is 1234.50, "(12)" is -12.00.

    Raises RecordRejected FILE_BAD_NUMBER for anything else: exponents, other currencies, a comma in the wrong place.
    """
    typed = text.strip()
    if not typed:
        return ""
    found = _MONEY.fullmatch(typed)
    if found is None or typed.count("-") > 1 or (found["open"] and "-" in typed):
        raise RecordRejected("FILE_BAD_NUMBER", operation="converting an amount", problem="not an amount in dollars")
    amount = found["whole"].replace(",", "") + (found["part"] or ".00").ljust(3, "0")
    return f"-{amount}" if found["open"] or "-" in typed else amount


def day(moment: str) -> str:
    """Take the day of a moment such as 2026-03-15T00:00:00Z, as it stands there; anything that is no day is rejected."""
    return iso_date(moment.strip().partition("T")[0])


def email_key(text: str) -> str:
    """Return what two e-mail addresses are compared by: no surrounding space, no case, the domain in its ASCII form; "" stays ""."""
    if text.isascii():
        return text.strip().lower()
    local, at, domain = text.strip().rpartition("@")
    if not at:
        return _folded(domain)
    return f"{_folded(local)}@{_ascii_domain(domain)}"


def lookup_converter(name: str, table: Mapping[str, str]) -> Converter:
    """Turn codes by a value table; a value the table does not know is rejected."""

    def look_up(text: str) -> str:
        value = text.strip()
        if value and value not in table:
            raise RecordRejected(
                "MAP_VALUE_UNMAPPED",
                operation=f"looking up a value in {name}",
                problem=f"the value is not in the lookup {name}",
            )
        return table[value] if value else ""

    return Converter(f"lookup:{name}", ("code",), "text", look_up)


CONVERTERS: dict[str, Converter] = {
    converter.name: converter
    for converter in (
        Converter("text", ("text",), "text", trim),
        Converter("code", ("code",), "code", trim),
        Converter("email", ("text",), "email", trim),
        Converter("date", ("date",), "date", iso_date),
        Converter("day", ("date",), "date", day),
        Converter("ids", ("ids",), "ids", sorted_ids),
        Converter("amount", ("money",), "money", amount),
        Converter("spaced", ("text", "text"), "text", spaced),
        Converter("phone_us", ("text", "text"), "phone", us_phone),
        Converter("phone", ("text",), "phone", typed_phone),
        Converter("phone_extension", ("text", "text"), "phone", phone_with_extension),
        Converter("flag", ("flag",), "flag", flag),
        Converter("flag_not", ("flag",), "flag", flag_not),
        Converter("phone_us_whole", ("text",), "phone", us_phone_whole),
        Converter("joined", ("text", "text"), "text", joined),
        Converter("money", ("text",), "text", money),
        Converter("npn", ("text",), "text", writing_npn_or_blank),
    )
}
"""Every converter a mapping table may name, beside `lookup:<name>`."""


def _short_phone(phone: str) -> str:
    if len(phone) > PHONE_LENGTH:
        found = f"longer than {PHONE_LENGTH} characters"
        raise RecordRejected(
            "FIELD_TOO_LONG", operation="converting a phone", problem=found, next_step="shorten the phone number in the source"
        )
    return phone


def _cents(typed: str) -> str:
    """Round to cents; zero has no sign."""
    rounded = Decimal(typed).quantize(_CENT, ROUND_HALF_EVEN)
    return str(rounded if rounded else abs(rounded))


def _e164(typed: str) -> str:
    """Return E.164 with extension, "" when the text cannot be a whole number."""
    import phonenumbers

    try:
        number = phonenumbers.parse(typed, "US")
    except phonenumbers.NumberParseException:
        return ""
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return ""
    extension = f" x{number.extension}" if number.extension else ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) + extension


def _folded(text: str) -> str:
    return text.casefold() if text.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return _folded(domain)
