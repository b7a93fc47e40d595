"""Answers kept by idempotency key."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from hashlib import sha256

from crosswalk.sandbox.messages import Refused, Reply, Request

KEPT_SECONDS = 25 * 3600.0
MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """A first answer, and the digest of the request it was given to."""

    digest: bytes
    reply: Reply
    given: float


class Answers:
    """Used under the account's lock, so that a repeat waits for the first to end."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}

    def copy(self, later: float) -> Answers:
        """The same answers, for themselves; given `later` seconds later."""
        other = Answers()
        other._answers = {key: replace(answer, given=answer.given + later) for key, answer in self._answers.items()}
        return other

    def earlier(self, key: str, request: Request) -> Reply | None:
        """The answer given before to this key; None for "", no key. Raises Refused (422 KEY_REUSED, INVALID)."""
        if len(key) > MAX_KEY:
            raise Refused(422, "INVALID", f"an idempotency key has at most {MAX_KEY} characters")
        answer = self._answers.get(key)
        if answer is None:
            return None
        if answer.digest != _digest(request):
            raise Refused(422, "KEY_REUSED", "the key was used for another request")
        return answer.reply

    def keep(self, key: str, request: Request, reply: Reply) -> None:
        """Keep an answer, unless it is a 429 or 5xx."""
        if not key or reply.status == 429 or reply.status >= 500:
            return
        now = time.monotonic()
        self._answers[key] = Answer(_digest(request), reply, now)
        while now - next(iter(self._answers.values())).given > KEPT_SECONDS:
            del self._answers[next(iter(self._answers))]


def _digest(request: Request) -> bytes:
    return sha256(b"\n".join((request.method.encode(), request.path.encode(), request.body))).digest()
