"""What the landing zone asks of a place to keep files: whole files, by generated name, created once or replaced at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from crosswalk.errors import ConfigurationError, TransientError

FilePath = tuple[str, ...]
"""Checked, generated parts below the root: ("data", "smartoffice_to_fmg", "summit", "12", "manifest.json")."""


class Storage(Protocol):
    """A local folder or a bucket. Raises TransientError LANDING_UNAVAILABLE, ConfigurationError LANDING_REFUSED or LANDING_FILE_TYPE."""

    def create(self, path: FilePath, data: bytes) -> bool:
        """Write a new file, whole or not at all. False, and nothing written, when the name is taken."""

    def replace(self, path: FilePath, data: bytes) -> None:
        """Write a file in place of the one that may stand there; a reader sees the one or the other."""

    def read(self, path: FilePath) -> bytes | None:
        """Read a whole file; None when there is none."""

    def names(self, folder: FilePath) -> list[str]:
        """List the files of a folder, sorted; none when there is no folder."""

    def remove(self, path: FilePath) -> None:
        """Remove a file, if it is there."""

    def remove_folder(self, folder: FilePath) -> None:
        """Remove a folder and everything in it."""

    def ages(self, top: str) -> Mapping[FilePath, datetime]:
        """Find every folder three levels below `top`, with the time its newest file was written."""

    def sweep(self, before: datetime) -> None:
        """Remove what writers killed before that time left half written."""

    def uri(self, path: FilePath) -> str:
        """Name a file for people and other programs."""


def unavailable(found: str) -> TransientError:
    """Build the error for a disk or a bucket that cannot be used for now."""
    return TransientError("LANDING_UNAVAILABLE", problem=found)


def refused(found: str) -> ConfigurationError:
    """Build the error for a landing zone that does not let us in."""
    return ConfigurationError("LANDING_REFUSED", problem=found)
