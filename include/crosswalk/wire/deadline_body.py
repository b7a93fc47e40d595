"""A request body that cannot be sent after its deadline.

A process may be suspended anywhere, even between deciding to write and writing, and resume an hour later, when another process has done
the work. The body of a request is read last, after connecting and sending the headers, and a server ignores a request without its body:
so a check at that moment, unlike one before connecting, leaves no gap.
"""

from __future__ import annotations

import io
import time

from crosswalk.errors import TransientError


class DeadlineBody(io.BytesIO):
    """Bytes that can be read until `leave_by`, in seconds since 1970."""

    def __init__(self, content: bytes, leave_by: float) -> None:
        super().__init__(content)
        self._leave_by = leave_by

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as a file does. Raises TransientError CONN_LATE after the deadline."""
        if time.time() > self._leave_by:
            raise TransientError(
                "CONN_LATE",
                problem="the process was held up, and the time in which the request may leave is over; it was not sent",
            )
        return super().read(size)
