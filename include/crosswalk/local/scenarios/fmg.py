"""SmartOffice → FMG: four offices with an FMG account each, one of them held for a person, one over its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosswalk.local.control import Sandbox
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
class FmgScenario:
    """Offices and their FMG accounts."""

    offices: tuple[Office, ...] = OFFICES

    @property
    def announced(self) -> str:
        largest = max((office.contacts for office in self.offices), default=0)
        return f"{len(self.offices)} offices for FMG, the largest of {largest:,} contacts"

    def open(self, sandbox: Sandbox) -> None:
        for office in self.offices:
            sizes = {"contacts": office.contacts, "groups": office.groups, "site": office.site, "seed": office.site}
            sandbox.open("smartoffice", office.account, sandbox.secret("smartoffice"), rights=["FMG"], **sizes)
            contacts = [_unmanaged(number) for number in range(1, office.foreign + 1)]
            sandbox.open("fmg", office.fmg_account, sandbox.secret("fmg"), name=office.account.title(), contacts=contacts)

    def connections(self, sandbox: Sandbox) -> Connections:
        made: Connections = {}
        for office in self.offices:
            made[f"smartoffice_{office.account}"] = sandbox.connection("smartoffice", office.account, sandbox.secret("smartoffice"))
            made[f"fmg_{office.account}"] = sandbox.connection("fmg", office.fmg_account, sandbox.secret("fmg"))
        return made

    def jobs(self) -> Sequence[Job]:
        return [Job("fmg_daily_sync", "smartoffice_to_fmg", {office.account: office.ends for office in self.offices})]

    def writes(self, sandbox: Sandbox) -> dict[str, int]:
        return {office.account: sandbox.writes("fmg", office.fmg_account) for office in self.offices}


def _unmanaged(number: int) -> dict[str, str]:
    """A contact somebody typed into FMG by hand."""
    return {"first_name": "Walk-in", "last_name": f"Visitor {number}", "email": f"visitor{number}@walk-in.example", "city": "Salem"}
