"""A small world that is put back as it was in a moment: sandbox, store and landing zone. A delivery takes several batches."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crosswalk.engine.in_process import Account
from crosswalk.landing.zone import LandingZone
from crosswalk.store.database import connect
from crosswalk.store.store import Store
from crosswalk.systems.fmg.client import FmgClient
from crosswalk.systems.fmg.target import FmgDelivery, FmgTarget
from crosswalk.systems.smartoffice.client import SmartOfficeClient
from crosswalk.systems.smartoffice.source import SmartOfficeSource
from crosswalk.wire.http import HttpClient
from world import World


class SmallBatches(FmgTarget):
    """FMG as a target whose deliveries take few operations at a time."""

    def __init__(self, client: FmgClient, max_batch: int) -> None:
        super().__init__(client)
        self._max_batch = max_batch

    def open(self, *, mode: str, snapshot: int, base_revision: int, source: Mapping[str, Any]) -> FmgDelivery:
        delivery = super().open(mode=mode, snapshot=snapshot, base_revision=base_revision, source=source)
        delivery.max_batch = self._max_batch
        return delivery


@dataclass
class SmallWorld(World):
    """A world whose clients give up waiting soon. source_url: where SmartOffice is read instead, "" for the sandbox itself."""

    max_batch: int = 15
    read_timeout: float = 60
    source_url: str = ""

    def __post_init__(self) -> None:
        if not (self.folder / "store.db").exists():
            super().__post_init__()
        self.store = Store(connect(f"sqlite:///{self.folder / 'store.db'}"))
        self.zone = LandingZone.open(str(self.folder / "landing"))

    def account(self) -> Account:
        """As a World's, over wires with the time-out of this world."""
        plain: Any = super().account()
        read_from = plain.source._client.settings
        if self.source_url:
            read_from = replace(read_from, base_url=f"{self.source_url}/smartoffice/xmlengine")
        source = SmartOfficeClient(read_from, self._http(SmartOfficeClient(read_from)))
        target = FmgClient(plain.target._client.settings, self._http(plain.target._client))
        return replace(plain, source=SmartOfficeSource(source), target=SmallBatches(target, self.max_batch))

    def _http(self, client: Any) -> HttpClient:
        settings: Any = client._http.settings
        return HttpClient(replace(settings, read_timeout=self.read_timeout))


_numbers = itertools.count(1)


@dataclass(frozen=True)
class Kept:
    """A world as it stood at one moment; it can be had again any number of times."""

    world: SmallWorld
    checkpoint: int
    folder: Path

    @classmethod
    def now(cls, world: SmallWorld) -> Kept:
        """Keep the world as it stands."""
        folder = world.folder.parent / f"kept_{next(_numbers)}"
        copy_store(world.folder, folder)
        checkpoint = world.control("POST", "/checkpoints")["checkpoint"]
        return cls(world, checkpoint, folder)

    def restore(self) -> None:
        """Put the sandbox back; the store of the world itself is not touched."""
        self.world.control("POST", f"/checkpoints/{self.checkpoint}/restore")

    @contextmanager
    def again(self, **settings: Any) -> Iterator[SmallWorld]:
        """The world as it stood, until the with-block ends. settings: seen through other settings."""
        folder = self.folder.parent / f"case_{next(_numbers)}"
        copy_store(self.folder, folder)
        self.restore()
        world = replace(self.world, folder=folder, **settings)
        try:
            yield world
        finally:
            world.store.engine.dispose()
            shutil.rmtree(folder)


def copy_store(folder: Path, to: Path) -> None:
    """Copy a store and its landing zone. The store may be in use."""
    to.mkdir(parents=True)
    source, copy = sqlite3.connect(folder / "store.db"), sqlite3.connect(to / "store.db")
    source.backup(copy)
    source.close()
    copy.close()
    if (folder / "landing").exists():
        shutil.copytree(folder / "landing", to / "landing")
