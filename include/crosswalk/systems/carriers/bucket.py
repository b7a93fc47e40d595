"""The drop place in an S3 bucket: keys directly below {prefix}/{carrier}/, read by ranges of one version of the object."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from crosswalk.core.did_you_mean import quoted
from crosswalk.errors import ConfigurationError, CrosswalkError, DataError, TransientError, operation
from crosswalk.systems.carriers.client import Dropped, RefusedFile
from crosswalk.systems.carriers.file_names import check_name
from crosswalk.wire.file_access import wrong_type

_RANGE = 1024 * 1024
_GONE = frozenset({"404", "NoSuchKey", "PreconditionFailed", "412"})


class DropBucket:
    """`Drop` over S3. client: a boto3 S3 client."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""

    def identity(self) -> str:
        return f"carriers+s3://{self._bucket}/{self._prefix}"

    def carriers(self) -> list[str]:
        with _translated("listing the drop prefix"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix, Delimiter="/")
            return sorted(one["Prefix"].removeprefix(self._prefix).strip("/") for page in pages for one in page.get("CommonPrefixes", []))

    def entries(self, carrier: str) -> list[Dropped | RefusedFile]:
        start = f"{self._prefix}{carrier}/"
        with _translated(f"listing the files of {carrier}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start)
            found = [one for page in pages for one in page.get("Contents", []) if one["Key"] != start]
        return [self._entry(carrier, one["Key"].removeprefix(start), one) for one in found]

    def open(self, dropped: Dropped) -> BinaryIO:
        return io.BufferedReader(_Object(self, dropped), _RANGE)

    def restamped(self, dropped: Dropped) -> Dropped:
        with _translated(f"looking at {quoted(dropped.name)} again"):
            head = self._client.head_object(Bucket=self._bucket, Key=self._key(dropped))
        return _dropped(dropped.carrier, dropped.name, head["ContentLength"], head["ETag"], head["LastModified"])

    def part(self, dropped: Dropped, start: int, size: int) -> bytes:
        """Read bytes of a file as it was listed. Raises DataError FILE_NOT_STABLE when it is another by now."""
        with _translated(f"reading {quoted(dropped.name)} of {dropped.carrier}"):
            wanted = f"bytes={start}-{min(start + size, dropped.size) - 1}"
            response = self._client.get_object(Bucket=self._bucket, Key=self._key(dropped), Range=wanted, IfMatch=dropped.stamp)
            return bytes(response["Body"].read())

    def _key(self, dropped: Dropped) -> str:
        return f"{self._prefix}{dropped.carrier}/{dropped.name}"

    def _entry(self, carrier: str, name: str, found: Any) -> Dropped | RefusedFile:
        with operation(f"looking at a file of {carrier}"):
            try:
                if name.endswith("/"):
                    raise wrong_type("it is a folder")
                check_name(name)
            except DataError as error:
                return RefusedFile(carrier, quoted(name), error)
            return _dropped(carrier, name, found["Size"], found["ETag"], found["LastModified"])


class _Object(io.RawIOBase):
    """One object, read by ranges: an archive is read from its end."""

    def __init__(self, bucket: DropBucket, dropped: Dropped) -> None:
        self._bucket = bucket
        self._dropped = dropped
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._dropped.size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        size = min(len(view), self._dropped.size - self._at)
        if size <= 0:
            return 0
        data = self._bucket.part(self._dropped, self._at, size)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def _dropped(carrier: str, name: str, size: int, stamp: str, changed: datetime) -> Dropped:
    return Dropped(carrier, name, size, stamp, max(0.0, (datetime.now(UTC) - changed).total_seconds()))


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Name the operation, and turn what boto raises into our own error."""
    problem: CrosswalkError
    with operation(what):
        try:
            yield
            return
        except ClientError as error:
            code = str(error.response["Error"]["Code"])
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
            if code in _GONE:
                problem = DataError("FILE_NOT_STABLE", problem="the file changed meanwhile")
            elif status >= 500 or status == 429:
                problem = TransientError("FILE_DROP_UNAVAILABLE", problem=f"S3 answered {status} {code}")
            else:
                problem = ConfigurationError("FILE_DROP_MISSING", problem=f"S3 answered {status} {code}")
        except BotoCoreError as error:
            problem = TransientError("FILE_DROP_UNAVAILABLE", problem=type(error).__name__)
        raise problem
