"""From an Airflow connection of type smartoffice to a source. No work in the constructor, no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from crosswalk.errors import CrosswalkError
from crosswalk.orchestration.connections import checked_http, read_connection

if TYPE_CHECKING:
    from crosswalk.systems.smartoffice.client import SmartOfficeSettings
    from crosswalk.systems.smartoffice.notes import SmartOfficeNotes
    from crosswalk.systems.smartoffice.source import SmartOfficeSource

DEFAULT_PATH = "/smartoffice/xmlengine"


class SmartOfficeHook(BaseHook):
    """One SmartOffice office, through its XML Engine."""

    conn_name_attr = "conn_id"
    default_conn_name = "smartoffice_default"
    conn_type = "smartoffice"
    hook_name = "SmartOffice"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    def settings(self) -> SmartOfficeSettings:
        """Read and check the connection. Raises ConfigurationError with every problem found."""
        from crosswalk.systems.smartoffice.client import SmartOfficeSettings

        checked = checked_http(read_connection(self.conn_id), login=True, required=["office"])
        options = {name: checked.extra[name] for name in ("paging", "page_size", "requests_per_second") if name in checked.extra}
        return SmartOfficeSettings(
            url=checked.base_url + checked.extra.get("path", DEFAULT_PATH),
            office=checked.extra["office"],
            user=checked.login,
            password=checked.password,
            allow_private_network=checked.allow_private_network,
            allowed_hosts=checked.allowed_hosts,
            name=checked.name,
            **options,
        )

    def get_source(self) -> SmartOfficeSource:
        """Open the office as a source. Raises ConfigurationError."""
        from crosswalk.systems.smartoffice.client import SmartOfficeClient
        from crosswalk.systems.smartoffice.source import SmartOfficeSource

        return SmartOfficeSource(SmartOfficeClient(self.settings()))

    def get_notebook(self) -> SmartOfficeNotes:
        """Open the office as a place for notes. Raises ConfigurationError."""
        from crosswalk.systems.smartoffice.client import SmartOfficeClient
        from crosswalk.systems.smartoffice.notes import SmartOfficeNotes

        return SmartOfficeNotes(SmartOfficeClient(self.settings()))

    def test_connection(self) -> tuple[bool, str]:
        """Sign in; compare rights, limits and dictionary codes with every integration that reads from SmartOffice."""
        from crosswalk.orchestration.connection_check import source_verdict

        try:
            source = self.get_source()
            return True, source_verdict("smartoffice", source, source.dictionary())
        except CrosswalkError as error:
            return False, str(error)
