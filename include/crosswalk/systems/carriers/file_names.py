"""What a dropped file may be called. A name is only ever compared and shown: nothing is opened or stored under one that is not checked."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from crosswalk.errors import DataError

MAX_BYTES = 200

_DRIVE = re.compile(r"[A-Za-z]:")
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_SLASHES = "/\\\u2044\u2215\u29f8\uff0f\uff3c\u2216"


def check_name(name: str) -> str:
    """Return the name when it is plainly one. Raises DataError FILE_NAME.

    Refused: anything that could lead elsewhere (parent folders, absolute, drive letters, shares, look-alike slashes, however encoded),
    control and direction characters, more than 200 bytes, names of devices.
    """
    fault = _fault(name)
    if fault:
        raise DataError("FILE_NAME", problem=fault, next_step="have the file dropped again under a plain name")
    return name


def _fault(name: str) -> str:
    forms = {name, unquote(name), unquote(unquote(name)), unicodedata.normalize("NFKC", name)}
    if not name.strip() or len(name.encode("utf-8", "surrogateescape")) > MAX_BYTES:
        return f"the name is blank, or longer than {MAX_BYTES} bytes"
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for form in forms for character in form):
        return "the name holds a control character, or one that cannot be seen"
    if any(character in form for form in forms for character in _SLASHES) or any(".." in form for form in forms):
        return "the name leads to another folder"
    if any(_DRIVE.match(form) for form in forms):
        return "the name names a drive"
    if any(_DEVICE.fullmatch(form.strip(" .")) for form in forms):
        return "the name is one of a device"
    return ""
