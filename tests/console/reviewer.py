"""One person's browser at the review pages, without the browser: pages are asked for, forms sent as they stand."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

from console.flex_review import INTEGRATION

ROOT = f"/crosswalk/review/{INTEGRATION}/summit"
FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def text(page: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def fields(page: Any, action: str) -> dict[str, Any]:
    """What the form with this action carries unseen; several values of one name as a list."""
    form = next(one for one in page.text.split("<form")[1:] if f'action="{ROOT}{action}"' in one)
    found: dict[str, Any] = {}
    for name, value in FIELD.findall(form.partition("</form>")[0]):
        found.setdefault(name, []).append(unescape(value))
    return {name: values if len(values) > 1 or name == "record" else values[0] for name, values in found.items()}


class Reviewer:
    """One person's browser."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def open(self, path: str, **asked: object) -> Any:
        answer = self.client.get(f"{ROOT}{path}" + (f"?{urlencode(asked)}" if asked else ""))
        assert answer.status_code == 200, answer.text
        return answer

    def record(self, source_id: str, entity: str = "contact", **asked: object) -> Any:
        return self.open(f"/{entity}/record", id=source_id, **asked)

    def press(self, page: Any, action: str, **more: object) -> Any:
        return self.client.post(f"{ROOT}{action}", data={**fields(page, action), **more})

    def decide(self, page: Any, kind: str, entity: str = "contact", **more: object) -> Any:
        return self.press(page, f"/{entity}/decide", kind=kind, **more)

    def follow(self, answer: Any) -> Any:
        assert answer.status_code == 303, answer.text
        return self.client.get(answer.headers["location"])
