"""HubSpot's own Python client as a process of its own: reads the server it is given and prints what it understood as JSON."""

from __future__ import annotations

import json
import sys

from hubspot import HubSpot
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest, PublicFetchAssociationsBatchRequest
from hubspot.crm.contacts import ApiException, Filter, FilterGroup, PublicObjectSearchRequest


def main(host: str, token: str) -> None:
    """Ask everything the tests look at."""
    client = HubSpot(access_token=token, host=host)
    contacts = client.crm.contacts.get_all(properties=["email", "phone", "lastname"], associations=["companies"])
    companies = client.crm.companies.get_all(properties=["name", "domain"])
    deals = client.crm.deals.get_all(properties=["dealname", "amount"], associations=["contacts", "companies"])
    first = contacts[0]
    asked = BatchInputPublicFetchAssociationsBatchRequest(inputs=[PublicFetchAssociationsBatchRequest(id=first.id)])
    labels = client.crm.associations.v4.batch_api.get_page(
        "contacts", "companies", batch_input_public_fetch_associations_batch_request=asked
    )
    one = client.crm.contacts.basic_api.get_by_id(first.id, properties=["email"])
    told = {
        "contacts": {record.id: [record.properties["email"], _companies(record)] for record in contacts},
        "updated": first.updated_at.isoformat(),
        "companies": {record.id: record.properties["name"] for record in companies},
        "deals": {record.id: record.properties["amount"] for record in deals},
        "one": [one.id, one.properties["email"], one.archived],
        "labels": [[to.to_object_id, [kind.label for kind in to.association_types]] for found in labels.results for to in found.to],
        "found": search(client, "email", "EQ", first.properties["email"]),
        "above": search(client, "hs_object_id", "GT", contacts[-3].id),
        "archived": [record.id for record in client.crm.contacts.get_all(archived=True)],
        "ceiling": _ceiling(client),
    }
    sys.stdout.write(json.dumps(told))


def search(client: HubSpot, name: str, operator: str, value: str) -> list[object]:
    """Total and ids of a search with one filter."""
    groups = [FilterGroup(filters=[Filter(property_name=name, operator=operator, value=value)])]
    sorts = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
    found = client.crm.contacts.search_api.do_search(
        public_object_search_request=PublicObjectSearchRequest(filter_groups=groups, sorts=sorts, properties=["email"], limit=200)
    )
    return [found.total, [record.id for record in found.results]]


def _companies(record: object) -> list[str]:
    held = getattr(record, "associations", None) or {}
    return sorted({one.id for one in held["companies"].results}) if "companies" in held else []


def _ceiling(client: HubSpot) -> list[object]:
    try:
        client.crm.contacts.search_api.do_search(public_object_search_request=PublicObjectSearchRequest(limit=200, after="9900"))
    except ApiException as refused:
        return [refused.status, json.loads(refused.body)["category"]]
    return []


if __name__ == "__main__":
    main(*sys.argv[1:])
