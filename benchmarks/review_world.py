"""An account to review, of any size: contacts of a CRM, most of which Flex may hold already. Nobody in it exists."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from crosswalk.core.model import RunKey
from crosswalk.core.ports import TargetState
from crosswalk.features.linking import review_files as review
from crosswalk.features.linking.candidates.find import COLUMNS
from crosswalk.features.linking.candidates.reasons import EVIDENCE
from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.decisions import Kind, Wish
from crosswalk.features.linking.rules import Status
from crosswalk.integrations.specs import load_spec
from crosswalk.landing.manifest import EntityManifest, Manifest
from crosswalk.landing.zone import LandingZone
from crosswalk.store.store import Store

INTEGRATION, ACCOUNT = "crm_to_flex", "demo"
_FIRST = [
    "Ana",
    "Bo",
    "Carmen",
    "Dev",
    "Elif",
    "Farid",
    "Greta",
    "Hana",
    "Igor",
    "Jun",
    "Kofi",
    "Lena",
    "Mo",
    "Nia",
    "Otto",
    "Pia",
    "Quinn",
    "Rosa",
    "Sam",
    "Tao",
]
_LAST = [
    "Ruiz",
    "Chen",
    "Dole",
    "Eng",
    "Falk",
    "Gray",
    "Hale",
    "Ito",
    "Jonas",
    "Kaya",
    "Lund",
    "Moss",
    "Nash",
    "Okoro",
    "Park",
    "Quill",
    "Reyes",
    "Stone",
    "Tran",
    "Vale",
]
_FIRMS = ["Orchid Stage", "Lantern Hire", "Mill Works", "Blue Door Events", "Halyard Sound", "North Light Rental", "Kite Staging"]
_TITLES = ["Buyer", "Producer", "Owner", "", ""]
_TAB = 10
_MATCHED = range(1, 7)
"""Of ten contacts one is linked, six have candidates, three are new."""


def make(folder: Path, store: Store, zone: LandingZone, records: int, decided: int, seed: int = 11) -> None:
    """Make the account, one run that read it, and decisions taken since."""
    text = 'source = "hubspot_demo"\ntarget = "flex_demo"\nfrequency = "daily"\nrecord_address = "https://demo.flex.example/contact/{id}"\n'
    (folder / "flex.toml").write_text(f"[{ACCOUNT}]\n{text}", encoding="utf-8")
    started = datetime.now(UTC)
    usual = {"dag_id": "flex_crm_sync", "run_id": f"scheduled__{started:%Y-%m-%d}", "map_index": 0, "try_number": 1, "dry_run": False}
    key = store.runs.begin(INTEGRATION, ACCOUNT, **usual, interval_start=None, interval_end=None, settings_digest="d" * 64)
    store.runs.update(key, plan_hash="made up")
    _land(zone, key, _people(records, random.Random(seed)))  # noqa: S311 - an example, not a secret
    wishes = [Wish("contact", str(10_000 + number), Kind.IMPORT) for number in range(records) if number % _TAB > 6][:decided]
    DecisionLog(store.engine).decide_each(INTEGRATION, ACCOUNT, wishes, "oncall")


def _people(records: int, chance: random.Random) -> list[dict[str, str]]:
    people = []
    for number in range(records):
        first, last, firm = chance.choice(_FIRST), chance.choice(_LAST), chance.randrange(len(_FIRMS))
        mail = f"{first}.{last}{number}@{_FIRMS[firm].split()[0]}.example".lower()
        phone = f"+1202555{number % 10_000:04d}" if number % 3 else f"+120255501{firm:02d}"
        people.append(
            {"source_id": str(10_000 + number), "first_name": first, "last_name": last, "email": mail, "phone": phone}
            | {"company_name": _FIRMS[firm], "employer": str(900 + firm), "job_title": chance.choice(_TITLES), "city": "Salem"}
        )
    return people


def _land(zone: LandingZone, key: RunKey, people: list[dict[str, str]]) -> None:
    spec, folder, pages = load_spec(INTEGRATION), zone.folder(key), {}
    firms = [
        {"source_id": str(900 + number), "name": name, "website": f"{name.split()[0]}.example".lower()}
        for number, name in enumerate(_FIRMS)
    ]
    sharing = _sharing(people)
    held = [_held(number, one, people) for number, one in enumerate(people) if number % _TAB < 7]
    found = [row for number, one in enumerate(people) if number % _TAB in _MATCHED for row in _candidates(one, number, sharing)]
    linked = {one["source_id"]: f"f-{one['source_id']}" for number, one in enumerate(people) if number % _TAB == 0}
    for entity, source, target, candidates in (("company", firms, [], []), ("contact", people, held, found)):
        names = spec.entity(entity).mapping.target_names
        columns = ["target_id", "source_id", *names, "last_edit_date"]
        offered = pd.DataFrame(candidates, columns=COLUMNS)
        review.write(folder, entity, _statuses(source, offered, linked), offered)
        folder.write_frame(f"desired_{entity}", pd.DataFrame(source, columns=["source_id", *names]).fillna("").astype("str"))
        page = folder.write_page(f"target_{entity}", 1, target, columns)
        pages[f"target_{entity}"] = EntityManifest("target", entity, len(target), len(target), (page,))
    deals = [
        {"source_id": "7001", "name": "Spring gala", "stage": "won", "amount": "1200.00", "close_date": "2026-05-02", "contacts": "10000"}
    ]
    folder.write_frame("desired_deal", pd.DataFrame(deals, columns=["source_id", *spec.entity("deal").mapping.target_names]).fillna(""))
    state = TargetState(managed_by=None, counts={}, generation=0, last_snapshot=0, revision=0)
    folder.seal(Manifest(key, datetime.now(UTC), None, pages, {}, "hubspot", "flex", state, "d" * 64, "1"))


def _held(number: int, one: dict[str, str], people: list[dict[str, str]]) -> dict[str, str]:
    """What Flex holds of a contact: without title and, often, without the e-mail."""
    source_id = one["source_id"] if number % _TAB == 0 else ""
    kept = {name: one[name] for name in ("first_name", "last_name", "phone", "company_name")}
    email = one["email"] if number % 2 else people[number - 1]["email"] if number % _TAB == 4 else ""
    return {
        **kept,
        "email": email,
        "target_id": f"f-{one['source_id']}",
        "source_id": source_id,
        "last_edit_date": "2026-01-03T10:00:00.000Z",
    }


def _sharing(people: list[dict[str, str]]) -> dict[str, list[str]]:
    """Contacts Flex holds unlinked, by their phone."""
    found: dict[str, list[str]] = {}
    for number, one in enumerate(people):
        if number % _TAB in _MATCHED:
            found.setdefault(one["phone"], []).append(one["source_id"])
    return found


def _candidates(one: dict[str, str], number: int, sharing: dict[str, list[str]]) -> list[dict[str, object]]:
    """A contact's candidates: itself, and two of those who share the phone."""
    shared = len(sharing[one["phone"]])
    evidence = dict.fromkeys(EVIDENCE, 0) | {"phone": shared, "first": 100, "last": 100, "company": 100, "city": -1}
    rows = [{**evidence, "email": number % 2, "target_id": f"f-{one['source_id']}", "score": 20.0}]
    others = [other for other in sharing[one["phone"]][:3] if other != one["source_id"]][:2]
    rows += [{**evidence, "first": 40, "last": 30, "target_id": f"f-{other}", "score": 4.0} for other in others]
    common = {"source_id": one["source_id"], "of": len(rows), "automatic": False}
    return [{**row, **common, "rank": rank} for rank, row in enumerate(rows, 1)]


def _statuses(source: list[dict[str, str]], candidates: pd.DataFrame, linked: dict[str, str]) -> pd.DataFrame:
    first = candidates[candidates["rank"] == 1].set_index("source_id")
    of, likeliest = dict(first["of"]), dict(first["target_id"])
    rows = []
    for one in (record["source_id"] for record in source):
        status = Status.LINKED if one in linked else Status.MATCH_FOUND if one in of else Status.NEW
        rows.append((one, status.value, linked.get(one, ""), int(of.get(one, 0)), likeliest.get(one, ""), False, ""))
    return pd.DataFrame(rows, columns=["source_id", "status", "target_id", "candidates", "first", "automatic", "decided"])
