"""How a message quotes a name from a table and guesses what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

QUOTED_LENGTH = 60


def quoted(text: str) -> str:
    """Show a cell so that trailing spaces, look-alike letters and control characters can be seen."""
    shown = text if len(text) <= QUOTED_LENGTH else text[:QUOTED_LENGTH] + "…"
    return repr(shown) if text.isascii() else ascii(shown)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'X'?)" when a known name is close, without regard to case and space; "" otherwise."""
    folded = {candidate.casefold(): candidate for candidate in sorted(known)}
    close = difflib.get_close_matches(name.strip().casefold()[:QUOTED_LENGTH], folded, n=1)
    return f" (did you mean {folded[close[0]]!r}?)" if close else ""
