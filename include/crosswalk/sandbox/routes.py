"""Which handler answers which method and path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Generic, TypeVar
from urllib.parse import unquote

from crosswalk.sandbox.messages import Refused

H = TypeVar("H")


class Routes(Generic[H]):
    """A table of routes. `{name}` in a path stands for one part of it, handed to the handler as text."""

    def __init__(self) -> None:
        self._table: list[tuple[str, re.Pattern[str], H]] = []

    def add(self, method: str, path: str, handler: H) -> None:
        """Add a route."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        self._table.append((method, re.compile(pattern), handler))

    def find(self, method: str, path: str) -> tuple[H, Mapping[str, str]]:
        """Find the handler and the parts of the path. Raises Refused (404 NOT_FOUND, 405 METHOD_NOT_ALLOWED)."""
        known = False
        for wanted, pattern, handler in self._table:
            match = pattern.fullmatch(path)
            if match and wanted == method:
                return handler, {name: unquote(part) for name, part in match.groupdict().items()}
            known = known or match is not None
        if known:
            raise Refused(405, "METHOD_NOT_ALLOWED", "this path does not take that method")
        raise Refused(404, "NOT_FOUND", "nothing lives at this path")
