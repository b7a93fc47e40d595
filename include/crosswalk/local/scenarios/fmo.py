"""Carrier files → FMO → Agent CRM: files of three carriers, an FMO's business, as include/accounts/fmo.toml has them, and one agent's."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosswalk.features.tenancy.businesses import account_name
from crosswalk.local.control import Sandbox
from crosswalk.local.scenario import Connections, Job

HEADER = ("memberNumber", "writingAgentNPN", "writingAgentName", "memberFirstName", "memberLastName", "dateOfBirth", "memberEmail")
PAID = ("Pay Period", "Writing Broker NPN", "Earner NPN", "Member ID", "Plan Name", "Effective Date", "Payment Amount")


@dataclass(frozen=True)
class Fmo:
    """One FMO: its business and its key's user in Agent CRM, and how many policies and agents its first file has."""

    account: str
    business: str
    user: str
    policies: int = 240
    agents: int = 12
    provisioned: str = "4477105"

    @property
    def agent(self) -> str:
        """The account of the agent's business that the demo provisions."""
        return account_name(self.account, self.provisioned)


FMOS = (Fmo("meridian", "1b6f0000-0000-4000-8000-000000000101", "77aa0000-0000-4000-8000-000000000101"),)


@dataclass(frozen=True)
class FmoScenario:
    """FMOs whose business is empty, and what their carriers sent."""

    fmos: tuple[Fmo, ...] = FMOS

    @property
    def announced(self) -> str:
        return f"{len(self.fmos)} FMO with a drop folder of carrier files, one of whose agents gets a business"

    def open(self, sandbox: Sandbox) -> None:
        for one in self.fmos:
            about = {"business": one.business, "user": one.user, "api_key": sandbox.secret("agent_crm"), "name": one.account.title()}
            sandbox.call("POST", "/agent_crm/businesses", about)
            drop_files(_place(sandbox, one), one)

    def connections(self, sandbox: Sandbox) -> Connections:
        made: Connections = {}
        for one in self.fmos:
            place = {"url": _place(sandbox, one).absolute().as_uri(), "settle_seconds": 1}
            made[f"carriers_{one.account}"] = {"conn_type": "carriers", "extra": place}
            extra = {"business": one.business, "path": "/agent_crm/api", "requests_per_second": 100, "allow_private_network": True}
            login = {"login": one.user, "password": sandbox.secret("agent_crm"), "extra": extra}
            made[f"agent_crm_{one.account}"] = {"conn_type": "agent_crm", **sandbox.server, **login}
        return made

    def jobs(self) -> Sequence[Job]:
        files = Job("fmo_carrier_ingest", "carriers_to_fmo", {one.account: "delivered" for one in self.fmos}, once=True)
        return [files, *(Job("fmo_policy_provisioning", "fmo_to_agent_crm", {one.agent: "delivered"}, _form(one)) for one in self.fmos)]

    def writes(self, sandbox: Sandbox) -> dict[str, int]:
        businesses = {one.account: one.business for one in self.fmos}
        businesses |= {one.agent: _business(sandbox, one) for one in self.fmos}
        return {account: sandbox.writes("agent_crm", business) for account, business in businesses.items()}


def _form(fmo: Fmo) -> dict[str, Any]:
    """What an administrator fills in."""
    person = {"first_name": "Kim", "last_name": "Quill", "email": f"agent{fmo.provisioned}@example.test"}
    return {"fmo": fmo.account, "kind": "agent", "name": "Kim Quill", "npn": fmo.provisioned, **person, "policy_sync": True}


def _business(sandbox: Sandbox, fmo: Fmo) -> str:
    """Find the id of the provisioned business; "" before it is made."""
    made = sandbox.call("GET", "/agent_crm/businesses")
    return next((one for one, about in made.items() if (about["parent"], about["external_key"]) == (fmo.business, fmo.provisioned)), "")


def drop_files(place: Path, fmo: Fmo) -> None:
    """Leave a book of business (CSV), a commission statement (XLSX) and an enrolment (X12 834) in the drop folder."""
    for carrier in ("harborlight", "pinecrest", "lakeshore"):
        (place / carrier).mkdir(parents=True, exist_ok=True)
    with (place / "harborlight" / "harborlight_book_20260105.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *_book(fmo)])
    _statement(place / "pinecrest" / "pinecrest_commission_20260105.xlsx")
    (place / "lakeshore" / "lakeshore_20260105.834").write_text("".join(f"{one}~\n" for one in _enrolment()), encoding="utf-8")


def _place(sandbox: Sandbox, fmo: Fmo) -> Path:
    return sandbox.place.local / "drop" / fmo.account


def _book(fmo: Fmo) -> Iterator[tuple[str, ...]]:
    for number in range(1, fmo.policies + 1):
        agent = number % fmo.agents
        email = f"member{number}@example.test" if number % 4 else ""
        born = f"{number % 12 + 1:02d}/{number % 28 + 1:02d}/{1935 + number % 50}"
        yield f"H{number:08d}", f"{4477100 + agent}", f"Agent {agent}", f"Ann{number}", "Quill", born, email


def _statement(path: Path) -> None:
    """A title above the header; who wrote and who earns are two columns; the last row is the total."""
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    paid = [("2025-12", f"{4477100 + number}", "9990001", f"PC-{100200 + number}", "Bronze", "01/01/2026", 12.5) for number in range(20)]
    with Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "Pinecrest Health commissions")
        for at, row in enumerate([PAID, *paid, ("Total", "", "", "", "", "", 12.5 * len(paid))], start=2):
            for column, cell in enumerate(row):
                sheet.write(at, column, cell)


def _enrolment() -> list[str]:
    """A subscriber, spouse and child on one policy, under the broker of the transaction."""
    people = (("Y*18", "SAM", "19800102"), ("N*01", "KIM", "19810304"), ("N*19", "ADA", "20150506"))
    body = ["BGN*00*1*20260105*1200****2", "N1*BO*QUILL AGENCY*94*4477101"]
    for relation, name, born in people:
        body += [f"INS*{relation}*030*XN*A***FT", "REF*0F*M10077", f"NM1*IL*1*QUILL*{name}", f"DMG*D8*{born}*U"]
        body += ["HD*030**HLT*SILVER*FAM", "DTP*348*D8*20260101"]
    envelope = "ISA*00*          *00*          *ZZ*LAKESHORE      *ZZ*MERIDIAN       *260105*1200*^*00501*000000001*0*T*:"
    head = [envelope, "GS*BE*LAKESHORE*MERIDIAN*20260105*1200*1*X*005010X220A1", "ST*834*0001*005010X220A1"]
    return [*head, *body, f"SE*{len(body) + 2}*0001", "GE*1*1", "IEA*1*000000001"]
