"""Turns what requests, urllib3 and the system raise into our own errors. Nothing of the foreign text is kept: it holds addresses."""

from __future__ import annotations

import http.client as from_http
import ssl
from collections.abc import Iterator

import requests.exceptions as from_requests
import urllib3.exceptions as from_urllib3

from crosswalk.errors import ConfigurationError, CrosswalkError, DataError, PermanentError, TransientError
from crosswalk.wire.response_body import short_body

_BAD_ADDRESS = (
    from_requests.InvalidURL,
    from_requests.InvalidSchema,
    from_requests.MissingSchema,
    from_requests.URLRequired,
    from_urllib3.LocationValueError,
    from_urllib3.URLSchemeUnknown,
)
_TIMEOUTS = (from_requests.Timeout, from_urllib3.TimeoutError, TimeoutError)
_UNREACHABLE = (from_urllib3.NewConnectionError, from_urllib3.NameResolutionError)
_SHORT = (from_urllib3.IncompleteRead, from_urllib3.InvalidChunkLength, from_http.IncompleteRead)
_CORRUPT = (from_requests.ContentDecodingError, from_urllib3.DecodeError)
_REDIRECTS = (from_requests.TooManyRedirects,)
_BROKEN = (
    from_requests.ConnectionError,
    from_requests.ChunkedEncodingError,
    from_requests.RetryError,
    from_urllib3.ProtocolError,
    from_urllib3.PoolError,
    from_http.HTTPException,
)
_HEADERS = (from_requests.InvalidHeader, from_urllib3.InvalidHeader)


def translate(error: Exception) -> CrosswalkError:
    """Give the CrosswalkError that says the same; the first that fits, most telling first."""
    chain = list(_causes(error))
    if any(isinstance(one, (ssl.SSLError, from_requests.SSLError, from_urllib3.SSLError)) for one in chain):
        return _tls(chain)
    if _has(chain, _SHORT):
        return short_body()
    return _connection(chain) or _other(chain)


def _connection(chain: list[BaseException]) -> CrosswalkError | None:
    if _has(chain, _CORRUPT):
        return DataError("SRC_CORRUPT", problem="the answer cannot be unpacked")
    if _has(chain, _UNREACHABLE):
        return TransientError("CONN_UNREACHABLE", problem="the server cannot be reached")
    if _has(chain, _TIMEOUTS):
        return TransientError("CONN_TIMEOUT", problem="the server did not answer in time")
    return None


def _other(chain: list[BaseException]) -> CrosswalkError:
    if _has(chain, _HEADERS):
        return ConfigurationError("CONN_BAD_CHARACTER", problem="a header cannot be sent")
    if _has(chain, _BAD_ADDRESS):
        return ConfigurationError("CONN_HOST", problem="the address cannot be used")
    if _has(chain, _REDIRECTS):
        return ConfigurationError("CONN_REDIRECT", problem="the server sends us elsewhere")
    kind = type(chain[0]).__name__
    if _has(chain, _BROKEN) or any(isinstance(one, OSError) and not isinstance(one, from_requests.RequestException) for one in chain):
        return TransientError("CONN_BROKEN", problem=f"the connection broke ({kind})")
    return PermanentError("CONN_REQUEST", problem=f"the request cannot be made ({kind})")


def _tls(chain: list[BaseException]) -> CrosswalkError:
    if _has(chain, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return TransientError("CONN_BROKEN", problem="the connection broke while it was secured")
    return ConfigurationError(
        "CONN_TLS", problem="the server's certificate is not valid for this host, or the two sides agree on no safe connection"
    )


def _has(chain: list[BaseException], kinds: tuple[type[BaseException], ...]) -> bool:
    return any(isinstance(one, kinds) for one in chain)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk from the error to what it wraps: as argument (requests), as reason (urllib3) or as cause."""
    pending, seen = [error], set[int]()
    while pending:
        one = pending.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [getattr(one, "reason", None), one.__cause__, one.__context__, *one.args]
        pending += [other for other in inner if isinstance(other, BaseException)]
