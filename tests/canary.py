"""A recognisable person, and the look for traces of it where no person's data may be."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

PERSON = {
    "FirstName": "Canarina",
    "LastName": "Vogelsang-Quux",
    "Greeting": "Birdsong",
    "PreferredEmail.Address": "canarina.vogelsang@quux-mail.example",
    "PreferredAddress.Line1": "77 Featherstone Gate",
    "PreferredAddress.Line2": "Nest 9",
    "PreferredAddress.City": "Aviaryville",
    "PreferredAddress.ZipCode": "80917-4432",
    "PreferredPhone.AreaCode": "555",
    "PreferredPhone.Number": "010-8642",
    "Person.Dob": "1957-11-23",
    "ReviewDate": "2019-04-17",
}
REJECTED = {**PERSON, "PreferredEmail.Address": "canarina.vogelsang@@quux-mail.example", "Person.Dob": "1957-11-31"}
TELLING = [value for value in PERSON.values() if len(value) > 3] + ["+15550108642"]


def spellings(value: str) -> set[bytes]:
    """The value as logs and files could hide it."""
    plain = {value, value.upper(), value.lower(), quote(value), json.dumps(value)[1:-1], value.replace("-", ""), value[::-1]}
    return {text.encode() for text in plain} | {base64.b64encode(value.encode()).rstrip(b"=")[:-1], value.encode("utf-16-le")}


def assert_clean(content: bytes, where: str) -> None:
    for value in TELLING:
        for spelling in spellings(value):
            assert spelling not in content, f"{where} holds a person's data"
