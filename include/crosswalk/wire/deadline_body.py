"""A request body that stays here when its time is over.

A process may be stopped anywhere, also between its decision to write and the writing, and go on an hour later, when somebody else has
done the work. The body of a request is read last, when the connection stands and the head is sent: a request without it is not carried out.
"""

from __future__ import annotations

import io
import time

from crosswalk.errors import TransientError


class TimelyBody(io.BytesIO):
    """Bytes that can be read up to an instant, in seconds since 1970."""

    def __init__(self, content: bytes, leave_by: float, doing: str) -> None:
        super().__init__(content)
        self._leave_by = leave_by
        self._doing = doing

    def read(self, size: int | None = -1, /) -> bytes:
        """Raise TransientError CONN_LATE after the instant."""
        if time.time() > self._leave_by:
            raise TransientError(
                "CONN_LATE",
                operation=self._doing,
                problem="the process was held up, and the time in which the request may leave is over; it was not sent",
            )
        return super().read(size)
