"""English of the names our specs give: one place for the plural of "policy"."""

from __future__ import annotations


def plural(word: str) -> str:
    """Return the plural of an entity's name: contacts, companies, policies."""
    return f"{word[:-1]}ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else f"{word}s"


def counted(count: int, word: str) -> str:
    """Return so many of them in words: 1 policy, 1,200 policies."""
    return f"{count:,} {word if count == 1 else plural(word)}"
