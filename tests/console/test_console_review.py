"""Who is whom, decided by people: lists, a record beside its candidates, one decision and many, two reviewers, no entry for others."""

from __future__ import annotations

import re
from html import unescape

import pytest

from console.flex_review import ANA, INTEGRATION, PEOPLE, RECORD_ADDRESS, crowd, land
from console.reviewer import ROOT, Reviewer, fields, text
from console.rooms import Rooms, SignIn
from crosswalk.core.model import RunKey
from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.decisions import Kind, Wish


@pytest.fixture
def ana(rooms: Rooms, sign_in: SignIn) -> Reviewer:
    return Reviewer(sign_in("user", "ana"))


def kinds(rooms: Rooms, entity: str = "contact") -> list[tuple[str, str, str, str]]:
    history = DecisionLog(rooms.store.engine).history(INTEGRATION, "summit", entity)
    return [(one.source_id, one.kind.value, one.target_id, one.decided_by) for one in history]


@pytest.mark.requirement("FLEX-02", "FLEX-03", "FLEX-07")
def test_records_stand_under_their_match_status(rooms: Rooms, ana: Reviewer) -> None:
    land(rooms)
    for entity, tab, there, elsewhere in (
        ("contact", "match", {"501", "502"}, {"503", "504"}),
        ("contact", "new", {"503"}, {"501", "504"}),
        ("contact", "linked", {"504"}, {"501", "503"}),
        ("company", "match", {"9001"}, {"9002", "9003"}),
        ("company", "new", {"9002"}, {"9001"}),
        ("company", "linked", {"9003"}, {"9001"}),
    ):
        page = ana.open(f"/{entity}", tab=tab).text
        assert all(f"record?id={one}&" in page for one in there), (entity, tab)
        assert not any(f"record?id={one}&" in page for one in elsewhere), (entity, tab)
    linked = ana.record("504")
    assert RECORD_ADDRESS.replace("{id}", "f-5") in linked.text
    assert "Spring gala" in linked.text
    assert "<button" not in linked.text


@pytest.mark.requirement("FLEX-04", "FLEX-09")
def test_a_candidate_tells_why_it_is_one_and_what_a_link_brings(rooms: Rooms, ana: Reviewer) -> None:
    land(rooms)
    shown = text(ana.record("501"))
    first, second = shown.index("same e-mail, nobody else's"), shown.index("same phone")
    assert first < second
    assert "phone, job title" in shown
    shared = text(ana.record("502"))
    assert "same phone, shared by 2 pairs" in shared
    assert shared.index("Bo Chen") < shared.index("Ivy Quill")


@pytest.mark.requirement("FLEX-04")
@pytest.mark.parametrize(
    ("entity", "source_id", "asked", "found"),
    [
        ("contact", "503", "quill ivy", ["Ivy Quill"]),
        ("contact", "503", "OFFICE@orchid", ["Ann Rush"]),
        ("contact", "503", "jose", ["Dee Eng"]),
        ("contact", "503", "nobody", []),
        ("company", "9002", "mill", ["Mill Works"]),
        ("company", "9002", "www.orchid", ["Orchid Stage Ltd"]),
    ],
)
def test_flex_is_searched(rooms: Rooms, ana: Reviewer, entity: str, source_id: str, asked: str, found: list[str]) -> None:
    land(rooms)
    page = ana.follow(ana.press(ana.record(source_id, entity), f"/{entity}/find", words=asked))
    assert asked.split(maxsplit=1)[0] not in str(page.request.url)
    shown = text(page)
    assert f"{len(found)} record" in shown
    assert all(name in shown for name in found)


@pytest.mark.requirement("FLEX-04", "FLEX-06")
def test_a_decision_is_kept_with_who_and_when_goes_on_to_the_next_and_is_undone(rooms: Rooms, ana: Reviewer) -> None:
    land(rooms)
    page = ana.record("501", tab="match")
    after = ana.follow(ana.decide(page, "link", target="f-1"))
    assert "id=502" in str(after.request.url)
    assert "ana linked it with Ana Ruiz" in text(after)
    assert kinds(rooms) == [("501", "link", "f-1", "ana")]
    assert "id=501&" not in ana.open("/contact", tab="match").text
    assert "id=501&" in ana.open("/contact", tab="linked").text
    back = ana.follow(ana.press(after, "/contact/undo"))
    assert "ana undid decision 1" in text(back)
    assert "id=501&" in ana.open("/contact", tab="match").text


@pytest.mark.requirement("FLEX-06")
def test_no_match_and_skip_are_never_asked_again(rooms: Rooms, ana: Reviewer) -> None:
    land(rooms)
    stays = ana.follow(ana.decide(ana.record("501", tab="match"), "not_a_match", target="f-1"))
    assert "id=501" in str(stays.request.url)
    assert 'value="f-1"' not in stays.text
    ana.decide(stays, "not_a_match", target="f-2")
    ana.decide(ana.record("502", tab="match"), "skip")
    for _ in range(2):  # as the page overlays it, and as the next run finds it
        assert "record?id=" not in ana.open("/contact", tab="match").text
        assert "id=501&" in ana.open("/contact", tab="new").text
        assert "id=502&" in ana.open("/contact", tab="skip").text
        land(rooms)
    found = ana.follow(ana.press(ana.record("501"), "/contact/find", words="ana ruiz"))
    assert "not a match, somebody said" in text(found)
    assert 'value="f-1"' in found.text


@pytest.mark.requirement("FLEX-05")
def test_an_import_takes_the_type_chosen_the_default_first(rooms: Rooms, ana: Reviewer) -> None:
    land(rooms)
    page = ana.record("503")
    assert re.search(r'<select name="resource_type"[^>]*><option>Clients</option>', page.text)
    assert ana.decide(page, "import", resource_type="Spies").status_code == 400
    assert ana.decide(page, "import", resource_type="Vendors").status_code == 303
    (decision,) = DecisionLog(rooms.store.engine).history(INTEGRATION, "summit", "contact")
    assert (decision.kind, decision.resource_type) == (Kind.IMPORT, "Vendors")
    assert "id=503&" in ana.open("/contact", tab="import").text


@pytest.mark.requirement("FLEX-05", "FLEX-07")
def test_what_the_run_made_of_an_import_is_linked_at_once(rooms: Rooms, ana: Reviewer) -> None:
    key = land(rooms)
    ana.decide(ana.record("503"), "import", resource_type="Clients")
    DecisionLog(rooms.store.engine).carried_out(key, "contact", {"503": "f-new"})
    assert RECORD_ADDRESS.replace("{id}", "f-new") in ana.open("/contact", tab="linked").text
    ana.press(ana.record("503"), "/contact/undo")
    page = ana.record("503")
    assert "its link was undone" in text(page)
    assert 'value="f-new"' in page.text


@pytest.mark.requirement("FLEX-06")
def test_the_second_of_two_reviewers_is_told_and_overwrites_nothing(rooms: Rooms, sign_in: SignIn, ana: Reviewer) -> None:
    land(rooms)
    bo = Reviewer(sign_in("user", "bo"))
    hers, his = ana.record("501"), bo.record("501")
    assert ana.decide(hers, "link", target="f-1").status_code == 303
    answer = bo.decide(his, "skip")
    assert answer.status_code == 409
    assert "Nothing was changed. contact 501: ana linked it" in text(answer)
    assert bo.decide(bo.record("502"), "link", target="f-1").status_code == 409
    his = bo.record("501")
    bo.press(his, "/contact/undo")
    assert bo.press(his, "/contact/undo").status_code == 409
    assert [one[1] for one in kinds(rooms)] == ["link", "undone"]


@pytest.mark.requirement("FLEX-05")
@pytest.mark.parametrize("number", [19, 20, 21, 500])
def test_a_bulk_import_lists_twenty_states_the_count_and_imports_all(rooms: Rooms, ana: Reviewer, number: int) -> None:
    people, _ = crowd(number, matched=False)
    land(rooms, people, [], [], [])
    page = ana.open("/contact", tab="new", size=500)
    dialog = ana.press(page, "/contact/selected", record=[one["source_id"] for one in people], **{"import": "1"})
    assert f"Import {number} contacts as new" in text(dialog)
    assert len(re.findall("<li><bdi>Pat", dialog.text)) == min(number, 20)
    assert (f"{number - 20} more are not listed. All {number} are imported." in text(dialog)) is (number > 20)
    assert kinds(rooms) == []
    done = ana.follow(ana.press(dialog, "/contact/import", resource_type="Clients"))
    assert f"{number} decisions taken" in text(done)
    assert sorted(one[0] for one in kinds(rooms)) == sorted(one["source_id"] for one in people)


@pytest.mark.requirement("FLEX-05")
def test_a_whole_list_is_imported_but_for_what_was_decided_meanwhile(rooms: Rooms, sign_in: SignIn, ana: Reviewer) -> None:
    people, _ = crowd(120, matched=False)
    land(rooms, people, [], [], [])
    page = ana.follow(ana.press(ana.open("/contact", tab="new"), "/contact/search", words="pat1 vale"))
    dialog = ana.press(page, "/contact/selected", all="1", **{"import": "1"})
    assert "Import 31 contacts as new" in text(dialog)
    bo = Reviewer(sign_in("user", "bo"))
    skipped = bo.record("1100")
    bo.decide(skipped, "skip")
    bo.press(bo.record("1100"), "/contact/undo")
    answer = ana.press(dialog, "/contact/import", resource_type="Clients")
    assert answer.status_code == 409
    assert "30 records decided. 1 record left alone" in text(answer)
    assert "contact 1100: bo undid a decision" in text(answer)
    assert len([one for one in kinds(rooms) if one[3] == "ana"]) == 30
    land(rooms, people, [], [], [])
    assert ana.press(dialog, "/contact/import", resource_type="Clients").status_code == 409
    assert len([one for one in kinds(rooms) if one[3] == "ana"]) == 30


@pytest.mark.requirement("FLEX-06")
@pytest.mark.parametrize("number", [19, 20, 21, 500])
def test_several_are_linked_one_by_one_and_each_can_be_skipped(rooms: Rooms, ana: Reviewer, number: int) -> None:
    people, held = crowd(number, matched=True)
    land(rooms, people, held, [], [])
    page = ana.open("/contact", tab="match", size=500)
    chosen = [one["source_id"] for one in people[1:]]
    answer = ana.press(page, "/contact/selected", record=chosen, link="1")
    assert len(answer.headers["location"]) < 3000
    seen = []
    for place in range(min(len(chosen), 30)):
        page = ana.follow(answer)
        seen.append(fields(page, "/contact/decide")["id"])
        skips = place == 1
        answer = ana.decide(page, "skip" if skips else "link", target=f"t-{seen[-1]}")
    assert seen == chosen[:30]
    assert [one[1] for one in kinds(rooms)] == ["link", "skip", *["link"] * (len(seen) - 2)]
    assert ("/record?" in answer.headers["location"]) is (number > 31)


@pytest.mark.requirement("FLEX-08")
def test_companies_of_the_contacts_are_decided_in_the_same_pass(rooms: Rooms, ana: Reviewer) -> None:
    land(rooms)
    page = ana.open("/contact", tab="match")
    dialog = ana.press(page, "/contact/selected", record=["501", "502", "503"], **{"import": "1"})
    shown = text(dialog)
    assert "import the 1 new as well" in shown
    assert "then match the 1 with candidates" in shown
    types = {"resource_type": "Clients", "company_type": "Venues"}
    answer = ana.press(dialog, "/contact/import", companies="1", match="1", **types)
    assert kinds(rooms, "company") == [("9002", "import", "", "ana")]
    assert len(kinds(rooms)) == 3
    company = ana.follow(answer)
    assert "id=9001" in str(company.request.url)
    end = ana.follow(ana.decide(company, "link", "company", target="c-1"))
    assert "Contacts of summit" in text(end)
    assert kinds(rooms, "company")[-1] == ("9001", "link", "c-1", "ana")


@pytest.mark.requirement("FLEX-08")
def test_a_contacts_company_is_one_step_aside_and_back(rooms: Rooms, ana: Reviewer) -> None:
    land(rooms)
    page = ana.record("501", tab="match")
    address = unescape(re.search(r'Company: <a href="([^"]+)"', page.text).group(1))  # type: ignore[union-attr]
    company = ana.client.get(address)
    back = ana.follow(ana.decide(company, "import", "company", resource_type="Clients"))
    assert "id=501" in str(back.request.url)
    assert "tab=match" in str(back.request.url)


@pytest.mark.requirement("SAFE-9")
def test_who_may_not_act_sees_no_record_and_a_forged_form_decides_nothing(rooms: Rooms, sign_in: SignIn, ana: Reviewer) -> None:
    land(rooms)
    for path in ("", "/record?id=501", "/history"):
        answer = sign_in("viewer").get(f"{ROOT}/contact{path}")
        assert answer.status_code == 403
        assert "Ruiz" not in answer.text
    assert "to review" not in sign_in("viewer").get("/crosswalk/").text
    assert "to review" in sign_in("user").get("/crosswalk/").text
    page = ana.record("501")
    assert page.headers["cache-control"] == "no-store"
    for token in ("", "made-up"):
        assert ana.decide(page, "link", target="f-1", token=token).status_code == 403
    assert kinds(rooms) == []


@pytest.mark.parametrize(
    "spoiled", [{"kind": "undone"}, {"kind": "link"}, {"kind": "link", "target": "c-1"}, {"kind": "skip", "as_of": "x"}, {"kind": ""}]
)
def test_a_decision_that_is_none_is_refused(rooms: Rooms, ana: Reviewer, spoiled: dict[str, str]) -> None:
    land(rooms)
    page = ana.record("501")
    assert ana.press(page, "/contact/decide", **spoiled).status_code == 400
    assert kinds(rooms) == []


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/review/", "/crosswalk/review/\\evil", "javascript:alert(1)"])
def test_the_way_back_leads_nowhere_else(rooms: Rooms, ana: Reviewer, back: str) -> None:
    land(rooms)
    page = ana.record("501", back=back)
    assert "evil" not in page.text
    assert "alert" not in page.text
    assert ana.decide(page, "link", target="f-1", back=back).headers["location"].startswith(f"{ROOT}/contact?")


def test_nothing_to_review_says_what_to_do(rooms: Rooms, ana: Reviewer) -> None:
    from console.flex_review import accounts_file

    accounts_file(rooms.folder)
    assert "no run has looked for matches" in text(ana.open("/contact"))
    assert ana.client.get(f"{ROOT}/deal").status_code == 404


def test_decisions_of_others_and_the_rule_are_seen_at_once(rooms: Rooms, ana: Reviewer) -> None:
    key: RunKey = land(rooms)
    assert "id=501&" in ana.open("/contact", tab="match").text
    wish = Wish("contact", str(ANA["source_id"]), Kind.LINK, "f-1")
    DecisionLog(rooms.store.engine).decide(key.integration, key.account, wish, "automatic")
    assert "the automatic rule linked it" in text(ana.open("/contact", tab="linked"))
    assert "the automatic rule linked it" in text(ana.open("/contact/history"))
    assert len(PEOPLE) == sum(map(int, re.findall(r"<b>(\d+)</b> (?!Decisions)", ana.open("/contact").text)))
