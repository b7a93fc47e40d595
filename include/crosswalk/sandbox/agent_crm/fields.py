"""The objects of Agent CRM and their fields, as the contract's table has them, with ids that can be told from names and back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

_PERSON = ("first_name", "last_name", "birth_date", "email", "phone", "address_1", "address_2", "city", "state", "zip")
OBJECTS: dict[str, tuple[str, ...]] = {
    "policies": (
        *("sync_key", "carrier", "policy_number", "plan_name", "plan_id", "coverages", "status", "effective_date", "term_date"),
        *("premium", "writing_agent_npn"),
    ),
    "members": ("sync_key", "policy", "role", *_PERSON, "writing_agent_npn"),
    "agents_agencies": ("sync_key", "npn", "agent_name", "kind", "email"),
    "contacts": ("sync_key", *_PERSON, "policies", "writing_agent_npn"),
}
MAX_TEXT = {"policies": 10_000}
"""Characters a field takes, where it is not OTHER_TEXT."""

OTHER_TEXT = 300
_NUMBERS = {name: number for number, name in enumerate(OBJECTS, start=1)}


def record_id(name: str, number: int, part: int = 0) -> str:
    """The UUID of a record: its object, where it lives and its number can be read from it."""
    return str(UUID(int=(_NUMBERS[name] << 96) | (0x4000 << 64) | (0x8000 << 48) | (part << 40) | number))


def record_number(name: str, text: str, part: int = 0) -> int | None:
    """The number in a record's UUID; None when the UUID is none of that object and part."""
    try:
        number = UUID(text).int & 0xFF_FFFF_FFFF
    except ValueError:
        return None
    return number if record_id(name, number, part) == text.lower() else None


def field_id(name: str, field: str) -> str:
    """The UUID of a field."""
    return str(UUID(int=(0xF << 124) | (_NUMBERS[name] << 96) | (0x4000 << 64) | (0x8000 << 48) | OBJECTS[name].index(field)))


def field_names(name: str) -> dict[str, str]:
    """Field names by id, and by themselves."""
    return {field_id(name, field): field for field in OBJECTS[name]} | {field: field for field in OBJECTS[name]}


def object_json(name: str) -> dict[str, Any]:
    """An object as GET /custom-objects shows it."""
    fields = [{"id": field_id(name, field), "name": field, "type": "text"} for field in OBJECTS[name]]
    return {"id": str(UUID(int=(0xE << 124) | _NUMBERS[name])), "name": name, "fields": fields}


def record_name(name: str, values: dict[str, str]) -> str:
    """What the record is called."""
    match name:
        case "policies":
            return f"{values['carrier']} {values['policy_number']}".strip()
        case "agents_agencies":
            return values["npn"]
        case "contacts":
            return f"{values['first_name']} {values['last_name']}".strip()
        case _:
            return values["sync_key"]


def record_json(name: str, number_id: str, values: dict[str, str], *, archived: bool = False) -> dict[str, Any]:
    """A record as every call shows it."""
    fields = [{"id": field_id(name, field), "name": field, "value": values[field]} for field in OBJECTS[name]]
    return {"id": number_id, "name": record_name(name, values), "archived": archived, "fields": fields}
