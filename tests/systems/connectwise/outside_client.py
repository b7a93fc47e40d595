"""Reads ConnectWise with a client nobody here wrote (pyconnectwise), in a process of its own. Prints what it saw as JSON.

python outside_client.py HOST COMPANY
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pyconnectwise import ConnectWiseManageAPIClient


def main(host: str, company: str) -> None:
    client = ConnectWiseManageAPIClient(company, host, "00000000-0000-4000-8000-000000000007", "publickey", "sandbox-secret")
    contacts = list(client.company.contacts.paginated(1, 60).all())
    companies = list(client.company.companies.paginated(1, 1000).all())
    asked: dict[str, Any] = {"conditions": "inactiveFlag=true and company/id>0", "pageSize": 1000}
    found = {
        "codebase": client.codebase,
        "contacts": {one.id: [one.last_name, one.inactive_flag, one.company.id if one.company else None, _email(one)] for one in contacts},
        "inactive": [one.id for one in client.company.contacts.get(params=asked)],
        "count": client.company.contacts.count.get().count,
        "companies": {one.id: [one.identifier, one.status.id, [kind.id for kind in one.types or []]] for one in companies},
        "statuses": {one.id: one.inactive_flag for one in client.company.companies.statuses.get()},
        "types": {one.id: one.name for one in client.company.companies.types.get()},
        "one": client.company.contacts.id(contacts[0].id).get().first_name,
    }
    sys.stdout.write(json.dumps(found))


def _email(contact: Any) -> str:
    items = [one for one in contact.communication_items or [] if one.communication_type == "Email"]
    return items[0].value if items else ""


if __name__ == "__main__":
    main(*sys.argv[1:])
