"""Where runs put their files: data/… holds personal data and is short-lived, reports/… holds none and stays.

data/<integration>/<account>/<snapshot>/            raw pages, manifest, frames
data/<integration>/<account>/activities-<digest>/   a page of activities, for the notes written of them
reports/<integration>/<account>/<snapshot>/         the run report
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from crosswalk.core.model import RunKey
from crosswalk.errors import ConfigurationError
from crosswalk.landing.folder import Folder
from crosswalk.landing.local import LocalStorage
from crosswalk.landing.storage import FilePath, Storage

DATA = "data"
REPORTS = "reports"
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class LandingZone:
    """A local folder or a bucket with every run's folders."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    @classmethod
    def open(cls, url: str, s3_client: Any | None = None) -> LandingZone:
        """Open `file:///folder`, a plain absolute path, or `s3://bucket/prefix` (with a boto3 client, else boto3's default one).

        Raises ConfigurationError LANDING_URL.
        """
        parts = urlsplit(url)
        if parts.scheme == "s3":
            return cls(_s3(parts.netloc, unquote(parts.path), s3_client))
        path = Path(unquote(parts.path) if parts.scheme == "file" else url)
        if parts.scheme not in {"file", ""} or parts.netloc or not path.is_absolute():
            raise _wrong_url("it is neither an absolute path, nor file:///…, nor s3://…")
        return cls(LocalStorage(path))

    def folder(self, key: RunKey) -> Folder:
        """Give the run's data folder. Raises ConfigurationError ACCOUNT_NAME."""
        return Folder(self.storage, _path(DATA, key), key)

    def report_folder(self, key: RunKey) -> Folder:
        """Give the run's report folder. Raises ConfigurationError ACCOUNT_NAME."""
        return Folder(self.storage, _path(REPORTS, key), key)

    def activities(self, integration: str, account: str, name: str) -> Folder:
        """Give the data folder of a page of activities, which belongs to no run. Raises ConfigurationError ACCOUNT_NAME."""
        key = RunKey(integration, account, 0)
        return Folder(self.storage, (*_account_path(DATA, key), name), key)


def _s3(bucket: str, prefix: str, client: Any | None) -> Storage:
    from crosswalk.landing.s3 import S3Storage

    if not bucket or "@" in bucket or ".." in prefix.split("/"):
        raise _wrong_url("the bucket or the prefix is not a name")
    if client is None:
        import boto3

        client = boto3.client("s3")
    return S3Storage(client, bucket, prefix)


def _wrong_url(found: str) -> ConfigurationError:
    return ConfigurationError("LANDING_URL", operation="opening the landing zone", problem=found)


def _path(top: str, key: RunKey) -> FilePath:
    path = _account_path(top, key)
    if key.snapshot < 1:
        raise _wrong_name()
    return *path, str(key.snapshot)


def _account_path(top: str, key: RunKey) -> FilePath:
    if not (_ACCOUNT.fullmatch(key.integration) and _ACCOUNT.fullmatch(key.account)):
        raise _wrong_name()
    return top, key.integration, key.account


def _wrong_name() -> ConfigurationError:
    return ConfigurationError(
        "ACCOUNT_NAME",
        operation="naming a run's folder",
        problem="the integration or the account has a name that cannot be a folder's",
    )
