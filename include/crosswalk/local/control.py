"""The control interface of the sandbox, as the local stack uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from crosswalk.errors import TransientError
from crosswalk.local.environment import Place, kept_secret


@dataclass(frozen=True)
class Sandbox:
    """The running sandbox, and this stack's place with the secrets its vendors were given."""

    place: Place
    url: str

    @property
    def server(self) -> dict[str, Any]:
        """Host, port and scheme, as an Airflow connection has them."""
        return {"host": "127.0.0.1", "port": int(self.url.rpartition(":")[2]), "schema": "http"}

    def secret(self, name: str) -> str:
        """Return this stack's secret of that name, the same one each time."""
        return kept_secret(self.place, name)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the control interface below /_sandbox. Raises TransientError LOCAL_SANDBOX."""
        try:
            answer = requests.request(method, f"{self.url}/_sandbox{path}", json=body, timeout=120)
            answer.raise_for_status()
            read: dict[str, Any] = answer.json()
        except requests.RequestException as error:
            raise failed(f"a control request failed ({type(error).__name__})") from None
        return read

    def open(self, system: str, customer: str, secret: str, **settings: Any) -> None:
        """Create a vendor's customer under a short name, which the vendor turns into an id. settings: what else the vendor takes."""
        self.call("POST", "/customers", {"system": system, "customer": customer, "secret": secret, **settings})

    def connection(self, system: str, customer: str, secret: str, **extra: Any) -> dict[str, Any]:
        """The Airflow connection that signs in as a customer, as the vendor declares it. extra: further fields of the connection."""
        login = self.call("GET", f"/customers/{system}/{customer}")
        fields = {**login["extra"], "path": login["path"], "allow_private_network": True, **extra}
        user = {"login": login["user"]} if login["user"] else {}
        return {"conn_type": system, **self.server, **user, "password": secret, "extra": fields}

    def writes(self, system: str, owner: str) -> int:
        """How many write requests a vendor was sent so far for one of its customers."""
        owners = self.call("GET", f"/requests?system={system}")["counters"][system]["by_owner"]
        return int(owners.get(owner, {}).get("writes", 0))


def failed(found: str) -> TransientError:
    """Build the error of a sandbox that does not do what it was asked."""
    return TransientError("LOCAL_SANDBOX", operation="preparing the sandbox", problem=found)
