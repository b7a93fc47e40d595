"""The one way personal values are shown outside the landing zone and the target."""

from __future__ import annotations

MASK = "***"


def mask(field_type: str, value: str) -> str:
    """Show enough of a value to recognise it beside the record, never enough to know it. "" stays "", ids are no secret."""
    if not value or field_type == "ids":
        return value
    if field_type == "date":
        return "****-**-**"
    if field_type == "money":
        return MASK
    if field_type == "phone":
        return _phone(value)
    return _email(value) if field_type == "email" and "@" in value else _initial(value)


def last_four(number: str) -> str:
    """Keep the last four characters of a number, of four or fewer none: "***1234", "***". Blank stays ""; edges are trimmed."""
    number = number.strip()
    return MASK + (number[-4:] if len(number) > 4 else "") if number else ""


def _initial(text: str) -> str:
    first = text.strip()[:1]
    return (first if first.isalnum() else "") + MASK


def _phone(text: str) -> str:
    digits = [character for character in text if character.isascii() and character.isdigit()]
    return MASK + "".join(digits[-2:] if len(digits) >= 7 else [])


def _email(text: str) -> str:
    local, _, domain = text.strip().rpartition("@")
    ending = domain.rpartition(".")[2] if "." in domain else ""
    shown = f".{ending}" if ending.isascii() and ending.isalpha() and len(ending) <= 12 else ""
    return f"{_initial(local)}@{_initial(domain)}{shown}"
