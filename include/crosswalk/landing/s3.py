"""The landing zone in an S3 bucket: one PUT a file, so a reader sees all of it or nothing. Encryption and access are the bucket's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError, PartialCredentialsError

from crosswalk.errors import CrosswalkError, operation
from crosswalk.landing.storage import FilePath, refused, unavailable

_TAKEN = "PreconditionFailed"
_BUSY = frozenset({"ConditionalRequestConflict", "OperationAborted", "RequestTimeout", "SlowDown", "Throttling", "TooManyRequests"})


class S3Storage:
    """Objects below one prefix of a bucket; `Storage`. client: a boto3 S3 client."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = tuple(filter(None, prefix.split("/")))

    def create(self, path: FilePath, data: bytes) -> bool:
        """See `Storage.create`."""
        try:
            with _translated("writing", path, passing={_TAKEN}):
                self._client.put_object(Bucket=self._bucket, Key=self._key(path), Body=data, IfNoneMatch="*")
        except ClientError:
            return False
        return True

    def replace(self, path: FilePath, data: bytes) -> None:
        """See `Storage.replace`."""
        with _translated("writing", path):
            self._client.put_object(Bucket=self._bucket, Key=self._key(path), Body=data)

    def read(self, path: FilePath) -> bytes | None:
        """See `Storage.read`."""
        try:
            with _translated("reading", path, passing={"NoSuchKey"}):
                return bytes(self._client.get_object(Bucket=self._bucket, Key=self._key(path))["Body"].read())
        except ClientError:
            return None

    def names(self, folder: FilePath) -> list[str]:
        """See `Storage.names`."""
        prefix = self._key(folder) + "/"
        with _translated("listing", folder):
            return sorted(key.removeprefix(prefix) for key, _ in self._objects(prefix) if "/" not in key.removeprefix(prefix))

    def remove(self, path: FilePath) -> None:
        """See `Storage.remove`."""
        with _translated("removing", path):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(path))

    def remove_folder(self, folder: FilePath) -> None:
        """See `Storage.remove_folder`."""
        with _translated("removing", folder):
            for key, _ in list(self._objects(self._key(folder) + "/")):
                self._client.delete_object(Bucket=self._bucket, Key=key)

    def ages(self, top: str) -> dict[FilePath, datetime]:
        """See `Storage.ages`."""
        found: dict[FilePath, datetime] = {}
        prefix = self._key((top,)) + "/"
        with _translated("listing", (top,)):
            for key, written in self._objects(prefix):
                folder = (top, *key.removeprefix(prefix).split("/")[:3])
                found[folder] = max(written, found.get(folder, written))
        return found

    def sweep(self, before: datetime) -> None:
        """Do nothing: S3 keeps no half-written object."""

    def uri(self, path: FilePath) -> str:
        """See `Storage.uri`."""
        return f"s3://{self._bucket}/{self._key(path)}"

    def _key(self, path: FilePath) -> str:
        return "/".join((*self._prefix, *path))

    def _objects(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                yield found["Key"], found["LastModified"]


@contextmanager
def _translated(verb: str, path: FilePath, *, passing: frozenset[str] | set[str] = frozenset()) -> Iterator[None]:
    """Turn boto's errors into ours, except the answers the caller waits for."""
    with operation(f"{verb} {'/'.join(path)} in the bucket"):
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] in passing:
                raise
            raise _translate(error) from None
        except (NoCredentialsError, PartialCredentialsError, ParamValidationError) as error:
            raise refused(type(error).__name__) from None
        except BotoCoreError as error:
            raise unavailable(type(error).__name__) from None


def _translate(error: ClientError) -> CrosswalkError:
    code = str(error.response["Error"]["Code"])
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    found = f"S3 answered {status} {code}"
    return unavailable(found) if status >= 500 or status == 429 or code in _BUSY else refused(found)
