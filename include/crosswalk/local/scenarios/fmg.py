"""SmartOffice → FMG: four offices with an FMG account each, one of them held for a person, one over its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosswalk.local.control import USER, Sandbox
from crosswalk.local.scenario import Connections, Job


@dataclass(frozen=True)
class Office:
    """One SmartOffice office, its FMG account, and how the demo expects its first run to end.

    foreign: contacts the FMG account holds that no import put there. ends: "delivered", "held" or an error code.
    """

    account: str
    site: int
    contacts: int
    groups: int
    foreign: int
    ends: str

    @property
    def office(self) -> str:
        return self.account.upper()

    @property
    def fmg_account(self) -> str:
        return f"FMG-{2000 + self.site}"


OFFICES = (
    Office("summit", 1, 30_000, 1_000, 0, "delivered"),
    Office("harbor", 2, 3_000, 40, 0, "delivered"),
    Office("lakeside", 3, 800, 20, 37, "held"),
    Office("prairie", 4, 30_001, 50, 0, "LIMIT_CONTACTS"),
)


@dataclass(frozen=True)
class FmgScene:
    """Offices and their FMG accounts."""

    offices: tuple[Office, ...] = OFFICES

    @property
    def announced(self) -> str:
        largest = max((office.contacts for office in self.offices), default=0)
        return f"{len(self.offices)} offices for FMG, the largest of {largest:,} contacts"

    def open(self, sandbox: Sandbox) -> None:
        for office in self.offices:
            numbers = {"contacts": office.contacts, "groups": office.groups, "site": office.site, "seed": office.site}
            login = {"user": USER, "password": sandbox.secret("smartoffice"), "rights": ["FMG"]}
            sandbox.call("POST", "/smartoffice/offices", {"office": office.office, **numbers, **login})
            account = {"account": office.fmg_account, "name": office.account.title(), "api_key": sandbox.secret("fmg")}
            contacts = [_foreigner(number) for number in range(1, office.foreign + 1)]
            sandbox.call("POST", "/fmg/accounts", {**account, "contacts": contacts})

    def connections(self, sandbox: Sandbox) -> Connections:
        made: Connections = {}
        for office in self.offices:
            extra: dict[str, object] = {"office": office.office, "allow_private_network": True}
            login = {"login": USER, "password": sandbox.secret("smartoffice")}
            made[f"smartoffice_{office.account}"] = {"conn_type": "smartoffice", **sandbox.server, **login, "extra": extra}
            extra = {"account": office.fmg_account, "path": "/fmg", "allow_private_network": True}
            made[f"fmg_{office.account}"] = {"conn_type": "fmg", **sandbox.server, "password": sandbox.secret("fmg"), "extra": extra}
        return made

    def jobs(self) -> Sequence[Job]:
        return [Job("fmg_daily_sync", "smartoffice_to_fmg", {office.account: office.ends for office in self.offices})]

    def writes(self, sandbox: Sandbox) -> dict[str, int]:
        return {office.account: sandbox.writes("fmg", office.fmg_account) for office in self.offices}


def _foreigner(number: int) -> dict[str, str]:
    """A contact somebody typed into FMG by hand."""
    return {"first_name": "Walk-in", "last_name": f"Visitor {number}", "email": f"visitor{number}@walk-in.example", "city": "Salem"}
