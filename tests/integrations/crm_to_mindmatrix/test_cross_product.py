"""The whole cross product from outside, for both CRMs: people in the CRM's sandbox, two whole runs, Mindmatrix looked at."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from crm_world import ORGANIZATION, CrmWorld
from crosswalk.core.model import RunStatus
from crosswalk.errors import ConfigurationError, DataError
from integrations.crm_to_mindmatrix.crms import CUSTOMER, DEAD, PROSPECT
from integrations.crm_to_mindmatrix.seed_rules import OUTCOMES, Situation, verdict

LABELS = {"company_type": ["Customer", "Prospect"], "contact_type": ["Decision maker", "Technical"]}
EMAILS = {"valid": "valid{0}@example.test", "missing": "", "invalid": "none at all {0}", "shared": "Shared{0}@example.test"}
COMPANIES = {("active", True): 11, ("active", False): 12, ("inactive", True): 13, ("inactive", False): 14}


def situations(option: bool) -> dict[int, Situation]:
    cases = product((True, False), ("active", "inactive", "none"), (True, False), EMAILS, (True, False))
    named = (("active" if one else "inactive", company, kind, email, known, option) for one, company, kind, email, known in cases)
    return {1000 + 2 * place: Situation(*case) for place, case in enumerate(named)}


def before(world: CrmWorld, cases: dict[int, Situation]) -> None:
    """Everybody Mindmatrix is to know is eligible, and nobody else is there."""
    world.put("companies", *(world.crm.company(number, active=True, kind=CUSTOMER) for number in COMPANIES.values()))
    people = [
        world.crm.contact(
            number, active=True, company=COMPANIES.get((one.company, one.type_in_set), 11), email=f"before{number}@example.test"
        )
        for number, one in cases.items()
        if one.known
    ]
    world.put("contacts", *people)


def after(world: CrmWorld, cases: dict[int, Situation], by_company: bool) -> None:
    """Everybody is as the case says."""
    kinds = {True: PROSPECT, False: DEAD if by_company else 3}
    for (company, in_set), number in COMPANIES.items():
        kind = kinds[in_set] if by_company else CUSTOMER
        world.put("companies", world.crm.company(number, active=company == "active", kind=kind))
    people: list[dict[str, Any]] = []
    for number, one in cases.items():
        kind = CUSTOMER if by_company else kinds[one.type_in_set]
        email = EMAILS[one.email].format(number)
        home = COMPANIES.get((one.company, one.type_in_set))
        people.append(world.crm.contact(number, active=one.contact == "active", email=email, company=home, kind=kind))
        if one.email == "shared":  # by someone out of every set: not active, of an inactive company
            people.append(world.crm.contact(number + 1, active=False, company=13, email=email.upper()))
    world.put("contacts", *people)


@pytest.mark.requirement("MIND-02", "MIND-03", "MIND-04", "MIND-05", "MIND-06")
@pytest.mark.parametrize("option", [False, True], ids=["keep", "delete inactive"])
@pytest.mark.parametrize("fact", ["company_type", "contact_type"])
def test_every_contact_ends_as_the_seed_says(crms: CrmWorld, option: bool, fact: str) -> None:
    world = crms.with_(options={"filter_field": fact, "filter_values": LABELS[fact], "delete_inactive": option})
    cases = situations(option)
    before(world, cases)
    assert {outcome for outcome, _ in world.outcomes(world.run("first")).values()} == {"create"}
    after(world, cases, fact == "company_type")
    row = world.run("second")
    assert row.status is RunStatus.SUCCESS
    outcomes, held = world.outcomes(row), world.held()
    report = world.report(row).decode()
    for number, one in cases.items():
        company = "unsaid" if one.company == "none" else one.company
        expected = verdict(Situation(one.contact, company, one.type_in_set, one.email, one.known, one.delete_inactive))
        assert outcomes[str(number)][0] == OUTCOMES[expected], (one, outcomes[str(number)])
        sent = EMAILS["valid"].format(number)
        kept = {"create": sent, "update": sent, "left alone": f"before{number}@example.test"}.get(expected)
        assert held.get(str(number), {}).get("email") == kept, one
    assert set(held) <= set(map(str, cases))
    reasons = {reason for outcome, reason in outcomes.values() if outcome in ("frozen", "excluded")}
    assert reasons == {"COMPANY_INACTIVE", "COMPANY_MISSING", "TYPE_NOT_CHOSEN", "EMAIL_MISSING", "EMAIL_INVALID", "EMAIL_DUPLICATE"} | (
        {"CONTACT_INACTIVE"}
    )
    assert all(f'<td class="id">{reason}</td>' in report for reason in reasons)


@pytest.mark.requirement("MIND-04")
def test_leaving_freezes_and_coming_back_resumes(crms: CrmWorld) -> None:
    company, contact = crms.crm.company, crms.crm.contact
    crms.put("companies", company(11, active=True, kind=PROSPECT), company(12, active=True, kind=CUSTOMER))
    crms.put("contacts", *(contact(one, active=True, company=one, email=f"a{one}@example.test") for one in (11, 12)))
    seen = [crms.outcomes(crms.run("night 0"))["11"][0]]
    ids = crms.held()["11"]["contact_id"]
    for night, (kind, title) in enumerate(((CUSTOMER, "moved"), (DEAD, "left"), (DEAD, "gone on"), (PROSPECT, "back")), 1):
        crms.put("companies", company(11, active=True, kind=kind))
        crms.change("contacts", 11, title=title)
        seen += [crms.outcomes(crms.run(f"night {night}"))["11"][0], crms.held()["11"]["title"]]
    assert seen == ["create", "update", "moved", "frozen", "moved", "frozen", "moved", "update", "back"]
    assert crms.held()["11"]["contact_id"] == ids
    crms.crm.empty(crms.url)
    crms.put("companies", company(12, active=True, kind=CUSTOMER))
    crms.put("contacts", contact(12, active=True, company=12, email="a12@example.test"))
    assert crms.outcomes(crms.run("gone from the CRM"))["11"] == ("frozen", "left_source")
    assert crms.held()["11"]["title"] == "back"


@pytest.mark.requirement("MIND-05")
def test_an_opt_out_outlives_the_contact(crms: CrmWorld) -> None:
    world = crms.with_(options={"delete_inactive": True})
    world.put("companies", world.crm.company(11, active=True, kind=CUSTOMER))
    world.put("contacts", *(world.crm.contact(one, active=True, company=11, email=f"a{one}@example.test") for one in (1, 2)))
    world.run()
    world.control("PATCH", f"{ORGANIZATION}/opt-in", **{"a1@example.test": "opted_out", "a2@example.test": "opted_in"})
    for active, expected in ((False, "delete"), (True, "create")):
        world.put("contacts", world.crm.contact(1, active=active, company=11, email="a1@example.test"))
        assert world.outcomes(world.run())["1"][0] == expected
    assert {key: row["opt_in"] for key, row in world.held().items()} == {"1": "opted_out", "2": "opted_in"}


def rename(world: CrmWorld) -> None:
    """The label Customer becomes Client."""
    if world.crm.system == "autotask":
        entries = [["1", "Client", True], ["2", "Prospect", True]]
        world.control("PATCH", world.crm.base.removeprefix("/_sandbox"), picklists={"companyType": entries})
    else:
        world.change("types", 1, name="Client")


@pytest.mark.requirement("MIND-02")
def test_a_renamed_label_stops_before_anything_is_read_or_decided(crms: CrmWorld) -> None:
    crms.put("companies", crms.crm.company(11, active=True, kind=CUSTOMER))
    crms.put("contacts", crms.crm.contact(1, active=True, company=11, email="a@example.test"))
    crms.run()
    rename(crms)
    with pytest.raises(ConfigurationError) as caught:
        crms.run("renamed")
    assert caught.value.code == "FILTER_LABEL_UNKNOWN"
    assert "'Client', 'Prospect'" in str(caught.value)
    assert set(crms.held()) == {"1"}
    row = crms.store.runs.latest("crm_to_mindmatrix", "northwind")[0]
    assert (row.status, row.error_code, row.plan_hash) == (RunStatus.FAILED, "FILTER_LABEL_UNKNOWN", "")
    renamed = crms.with_(options={"filter_values": ["Client", "Prospect"]})
    assert renamed.outcomes(renamed.run("corrected"))["1"][0] == "unchanged"


@pytest.mark.parametrize("hidden", ["reference", "companies"])
def test_a_right_that_is_missing_freezes_nobody(crms: CrmWorld, hidden: str) -> None:
    crms.put("companies", crms.crm.company(11, active=True, kind=CUSTOMER))
    crms.put("contacts", *(crms.crm.contact(one, active=True, company=11, email=f"a{one}@example.test") for one in (1, 2)))
    crms.run()
    autotask = crms.crm.system == "autotask"
    reference = "contacts.companyID" if autotask else "contacts.company"
    field = reference if hidden == "reference" else "companies.isActive" if autotask else "companies.status"
    crms.control("PATCH", crms.crm.base.removeprefix("/_sandbox"), hidden=[field])
    with pytest.raises(DataError) as caught:
        crms.run("hidden")
    assert caught.value.code == ("SRC_FIELD_GONE" if autotask and hidden == "reference" else "COMPANIES_HIDDEN")
