"""An independent reading of the field map: what FMG must hold for given SmartOffice contacts. Shares no code with the package."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

GENDER = {"": "", "1": "Male", "2": "Female"}
MARITAL = {"": "", "1": "Single", "2": "Married", "3": "Divorced", "4": "Widowed", "5": "Separated", "6": "Domestic Partner"}


def expected_contacts(
    contacts: list[dict[str, Any]], only_groups: set[str] | None = None
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return (FMG contacts by source id, rejection codes by source id) for a list that FMG did not hold before."""
    rejected: dict[str, str] = {}
    kept: dict[str, dict[str, Any]] = {}
    for contact in contacts:
        code = _problem(contact)
        if code:
            rejected[contact["id"]] = code
        else:
            kept[contact["id"]] = contact
    holders = defaultdict(list)
    for source_id, contact in kept.items():
        if contact["PreferredEmail.Address"].strip():
            holders[contact["PreferredEmail.Address"].strip().casefold()].append(source_id)
    for ids in holders.values():
        for loser in sorted(ids, key=_number)[1:]:
            rejected[loser] = "EMAIL_DUPLICATE"
            del kept[loser]
    return {source_id: _fmg(contact, only_groups) for source_id, contact in kept.items()}, rejected


def _problem(contact: dict[str, Any]) -> str:
    email = contact["PreferredEmail.Address"].strip()
    if not contact["LastName"].strip():
        return "NAME_MISSING"
    if email and not re.fullmatch(r"[^@\s,;<>()\"]+@[^@\s.]+(\.[^@\s.]+)+", email):
        return "EMAIL_INVALID"
    for name in ("Person.Dob", "ReviewDate"):
        if contact[name] and not _is_date(contact[name]):
            return "SRC_BAD_DATE"
    return ""


def _is_date(text: str) -> bool:
    try:
        return 1850 <= date.fromisoformat(text).year <= 2049
    except ValueError:
        return False


def _fmg(contact: dict[str, Any], only_groups: set[str] | None) -> dict[str, Any]:
    groups = [g for g in contact["TagGroups"] if only_groups is None or g in only_groups]
    made = {
        "first_name": contact["FirstName"].strip(),
        "last_name": contact["LastName"].strip(),
        "email": contact["PreferredEmail.Address"].strip(),
        "address_1": contact["PreferredAddress.Line1"].strip(),
        "address_2": contact["PreferredAddress.Line2"].strip(),
        "city": contact["PreferredAddress.City"].strip(),
        "state": contact["PreferredAddress.State"].strip(),
        "zip": contact["PreferredAddress.ZipCode"].strip(),
        "phone": _phone(contact["PreferredPhone.AreaCode"], contact["PreferredPhone.Number"]),
        "birthday": contact["Person.Dob"],
        "gender": GENDER[contact["Person.Gender"]],
        "marital_status": MARITAL[contact["Person.Marital"]],
        "client_anniversary": contact["ReviewDate"],
        "nickname": contact["Greeting"].strip(),
        "groups": sorted(groups),
    }
    return {**made, **{target: contact.get(source, "").strip() for target, source in _copied() if target not in made}}


@cache
def _copied() -> list[tuple[str, str]]:
    """Columns whose text is copied, target and source: what was mapped since the fourteen above needs no reading of its own."""
    table = resources.files("crosswalk").joinpath("integrations/smartoffice_to_fmg/mapping.csv").read_text(encoding="utf-8")
    return [(row["target"], row["source"]) for row in csv.DictReader(table.splitlines()) if row["convert"] == "text"]


def _phone(area: str, number: str) -> str:
    typed = f"{area.strip()} {number.strip()}".strip()
    main, _, extension = re.sub(r"(?i)\s*(ext\.?|x)\s*(?=\d+$)", "#", typed).partition("#")
    digits = re.sub(r"\D", "", main)
    digits = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
    if len(digits) != 10 or re.search(r"[A-Za-z]", main):
        return typed
    return f"+1{digits}" + (f" x{extension}" if extension else "")


def _number(source_id: str) -> tuple[int, int]:
    _, site, number = source_id.split(".")
    return int(site), int(number)
