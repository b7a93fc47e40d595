"""The base of every system's hook. A system is found by its folder: crosswalk.systems.<conn_type>.system says what it offers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseHook

from crosswalk.errors import CrosswalkError

if TYPE_CHECKING:
    from crosswalk.core.ports import Source, Target
    from crosswalk.features.writeback.ports import ActivityFeed, Notebook
    from crosswalk.wire.connection import ConnectionSettings


class SystemHook(BaseHook):
    """A vendor's system behind an Airflow connection. No work in the constructor, no state.

    conn_id: the Airflow connection; left out, `<conn_type>_default`.
    business: where an integration keeps tenants apart, the one the account is for; the connection is then the key to many.

    Every `get_` raises ConfigurationError with every problem found in the connection.
    """

    conn_name_attr = "conn_id"
    conn_type: ClassVar[str]
    hook_name: ClassVar[str]
    default_conn_name: ClassVar[str]

    def __init__(self, conn_id: str = "", business: str | None = None) -> None:
        super().__init__()
        self.conn_id = conn_id or self.default_conn_name
        self.business = business

    def settings(self) -> ConnectionSettings:
        """Read and check the connection. Raises ConfigurationError with every problem found."""
        from crosswalk.orchestration.connections import read_settings

        return read_settings(self.conn_id, self.conn_type)

    def get_source(self) -> Source:
        """Open the system to read from it."""
        source: Source = self._declared("source")(self.settings())
        return source

    def get_target(self) -> Target:
        """Open the system to deliver to it."""
        target: Target = self._declared("target")(self.settings())
        return target

    def get_feed(self) -> ActivityFeed:
        """Open the feed of what people did in the system."""
        feed: ActivityFeed = self._declared("feed")(self.settings())
        return feed

    def get_notebook(self) -> Notebook:
        """Open the system as a place for notes."""
        notebook: Notebook = self._declared("notebook")(self.settings())
        return notebook

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether a sync would get through, and what is in its way."""
        try:
            return True, self.check()
        except CrosswalkError as error:
            return False, str(error)

    def check(self) -> str:
        """Return what "Test connection" shows when all is well. Raises CrosswalkError when not."""
        from crosswalk.orchestration.connection_check import source_verdict, target_verdict

        if hasattr(self._system(), "source"):
            return source_verdict(self.conn_type, self.get_source(), {})
        return target_verdict(self.get_target())

    def _declared(self, role: str) -> Any:
        """Return what the system declares for a role. Raises AttributeError for a role it does not have."""
        return getattr(self._system(), role)

    def _system(self) -> Any:
        """Import the system: the package's only import by name, and downwards. No system imports anything above it (pyproject.toml)."""
        return import_module(f"crosswalk.systems.{self.conn_type}.system")
