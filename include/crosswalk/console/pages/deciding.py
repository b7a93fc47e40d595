"""What a reviewer decides: about one record, about many at once, and the way back. Who and when stands in the store."""

from __future__ import annotations

from dataclasses import dataclass, replace

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.datastructures import FormData
from fastapi.responses import RedirectResponse

from crosswalk.console.access import Review, may_review, not_found
from crosswalk.console.forms import Form, require_token
from crosswalk.console.open_resources import open_store
from crosswalk.console.pages.review import COMPANY, Room, neighbours, record_page
from crosswalk.console.rendering import page
from crosswalk.console.review.navigation import MOST, Way, checked, decode, encode
from crosswalk.console.review.queues import open_desk
from crosswalk.console.review.tabs import Tab
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.errors import PermanentError
from crosswalk.features.linking.decision_log import DecisionLog
from crosswalk.features.linking.decisions import Kind, Wish
from crosswalk.features.linking.rules import companies_of

LISTED = 20
"""Records a dialog names; it states how many there are, and all of them are decided."""
FOUND = 20
"""Records of the target a search shows; it says how many there are."""
_ABOUT_A_PAIR = (Kind.LINK, Kind.NOT_A_MATCH)

router = APIRouter(prefix="/review/{integration}/{account}/{entity}", dependencies=[Depends(may_review), Depends(require_token)])


@router.post("/decide")
def decide(request: Request, account: str, entity: str, spec: Review, user: GetUserDep, form: Form) -> Response:
    """Take one decision and go on to the next record. 409 with the record when somebody decided meanwhile: nothing is overwritten."""
    room, way = _room(request, spec, account, entity), _way(request, form)
    desk, source_id = room.desk, _text(form, "id")
    if source_id not in desk.place:
        raise not_found()
    kind = _kind(form)
    target_id = _text(form, "target") if kind in _ABOUT_A_PAIR else ""
    if kind in _ABOUT_A_PAIR and target_id not in desk.target_place:
        raise HTTPException(400, "No record was chosen: choose one, or search for it")
    resource_type = _resource_type(room, form) if kind is Kind.IMPORT else ""
    wish = Wish(entity, source_id, kind, target_id, resource_type, desk.seen(source_id, _number(form, "as_of")))
    _, after, _ = neighbours(desk, desk.place[source_id], way)
    taken = DecisionLog(open_store().engine).decide_each(spec.name, account, [wish], user.get_name())
    now = _room(request, spec, account, entity)
    if taken.refused:
        return record_page(now, user, source_id, way, refused=taken.refused[0][1].problem)
    said = taken.decisions[0].number
    stays = kind is Kind.NOT_A_MATCH and now.desk.line(desk.place[source_id]).stands.tab is Tab.MATCH
    return _see(_onward(now, way, source_id if stays else after, said))


@router.post("/undo")
def undo(request: Request, account: str, entity: str, spec: Review, user: GetUserDep, form: Form) -> Response:
    """Take a decision back and show its record. 409 with the record when it is undone already."""
    room, way = _room(request, spec, account, entity), _way(request, form)
    number = _number(form, "number")
    old = next((one for one in room.desk.log if one.number == number), None)
    if old is None:
        raise not_found()
    try:
        said = DecisionLog(open_store().engine).undo(spec.name, account, number, user.get_name()).number
    except PermanentError as error:
        return record_page(_room(request, spec, account, entity), user, old.source_id, way, refused=error.problem)
    return _see(room.record(old.source_id, way, said=said))


@router.post("/search")
def search(request: Request, account: str, entity: str, spec: Review, form: Form) -> Response:
    """Narrow a list to what the words fit. A form and no address: addresses are logged, and people search for names."""
    room, way = _room(request, spec, account, entity), _way(request, form)
    tab, text = way.tab or Tab.MATCH, _text(form, "words")
    if not text.strip():
        return _see(room.list(Way(tab)))
    places = room.desk.search(text, tab)
    return _see(room.list(Way(tab, encode(room.desk.key.snapshot, places[:MOST])), found=len(places)))


@router.post("/find")
def find(request: Request, account: str, entity: str, spec: Review, form: Form) -> Response:
    """Search the target for a record, and show what was found below its candidates."""
    room = _room(request, spec, account, entity)
    rows = room.desk.find(_text(form, "words"))
    found = encode(room.desk.key.snapshot, rows[:FOUND])
    return _see(room.record(_text(form, "id"), _way(request, form), rows=found, found=len(rows)))


@router.post("/selected")
def selected(request: Request, account: str, entity: str, spec: Review, user: GetUserDep, form: Form) -> Response:
    """Begin with the records ticked: walk through them to link, or ask how they are to be imported."""
    room, way = _room(request, spec, account, entity), _way(request, form)
    places = _chosen(room, form, way)
    if "link" in form:
        return _walk(room, places, replace(way, walk=""))
    return _dialog(room, user, form, places, way)


@router.post("/import")
def import_all(request: Request, account: str, entity: str, spec: Review, user: GetUserDep, form: Form) -> Response:
    """Decide to import every record chosen, and their new companies if that was asked for."""
    room, way, by = _room(request, spec, account, entity), _way(request, form), user.get_name()
    places, as_of = _chosen(room, form, way), _number(form, "as_of")
    around = _companies(room, places)
    refused = []
    if around and "companies" in form:
        chosen = _resource_type(around.room, form, "company_type")
        refused += _import(around.room, around.new, chosen, _number(form, "company_as_of"), by)
    failed = _import(room, places, _resource_type(room, form), as_of, by)
    if refused or failed:
        done = len(places) - len(failed)
        shown = [(wish, error.problem) for wish, error in [*refused, *failed]]
        return page(
            request, "review_refused.html.j2", status=409, **room.words(), room=room, way=way, done=done, refused=shown, listed=LISTED
        )
    listed = room.list(way, done=len(places))
    if around and around.match and "match" in form:
        return _walk(around.room, around.match, Way(back=room.list(way)))
    return _see(listed)


@dataclass(frozen=True)
class Companies:
    """The companies of the contacts chosen, by place: those to be made, those with candidates."""

    room: Room
    new: list[int]
    match: list[int]


def _import(room: Room, places: list[int], resource_type: str, as_of: int, by: str) -> list[tuple[Wish, PermanentError]]:
    ids = [room.desk.ids[place] for place in places]
    wishes = [Wish(room.entity, one, Kind.IMPORT, "", resource_type, room.desk.seen(one, as_of)) for one in ids]
    return list(DecisionLog(open_store().engine).decide_each(room.spec.name, room.account, wishes, by).refused)


def _dialog(room: Room, user: GetUserDep, form: FormData, places: list[int], way: Way) -> Response:
    desk, around = room.desk, _companies(room, places)
    lines = [desk.line(place) for place in places[:LISTED]]
    named = [around.room.desk.line(place) for place in [*around.new, *around.match][:LISTED]] if around else []
    return page(
        room.request,
        "review_import.html.j2",
        user=user,
        **room.words(),
        room=room,
        way=way,
        lines=lines,
        listed=LISTED,
        count=len(places),
        matching=sum(desk.line(place).stands.tab is Tab.MATCH for place in places[:MOST]),
        everything=_text(form, "all") != "",
        chosen=[desk.ids[place] for place in places] if "all" not in form else [],
        around=around,
        companies=named,
    )


def _companies(room: Room, places: list[int]) -> Companies | None:
    """Find the companies of the contacts chosen that are neither linked nor decided about; None when there are none."""
    if room.entity == COMPANY:
        return None
    desk = open_desk(room.spec.name, room.account, COMPANY)
    if desk is None:
        return None
    ids = companies_of(room.desk.source, [room.desk.ids[place] for place in places])
    found = sorted(desk.place[one] for one in ids if one in desk.place)
    by_tab = {tab: [place for place in found if desk.line(place).stands.tab is tab] for tab in (Tab.NEW, Tab.MATCH)}
    there = Room(room.request, room.spec, room.account, COMPANY, desk)
    return Companies(there, by_tab[Tab.NEW], by_tab[Tab.MATCH]) if any(by_tab.values()) else None


def _chosen(room: Room, form: FormData, way: Way) -> list[int]:
    """Places of the records ticked, or of the whole list, that can still be linked or imported. 400 for none, 409 after a newer run."""
    desk = room.desk
    if _number(form, "snapshot") != desk.key.snapshot:
        raise HTTPException(409, "A newer run has looked at the records since: choose again")
    if "all" in form:
        walked = decode(way.walk, desk.key.snapshot, len(desk.ids))
        places = desk.among(way.tab, walked) if way.walk else desk.pick(way.tab or Tab.MATCH)
    else:
        places = sorted({desk.place[str(one)] for one in form.getlist("record") if str(one) in desk.place})
    free = [place for place in places if desk.is_open(place)]
    if not free:
        raise HTTPException(400, "No record was chosen that can be linked or imported: tick some")
    return free


def _walk(room: Room, places: list[int], way: Way) -> Response:
    if len(places) > MOST:
        raise HTTPException(400, f"At most {MOST} records can be walked through at once: tick fewer")
    onward = replace(way, walk=encode(room.desk.key.snapshot, places))
    return _see(room.record(room.desk.ids[places[0]], onward))


def _onward(room: Room, way: Way, source_id: str, said: int) -> str:
    """The next record, else the page the reviewer came from, else the list."""
    if source_id:
        return room.record(source_id, way, said=said)
    return way.back or room.list(way, done=1)


def _see(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=303)


def _room(request: Request, spec: IntegrationSpec, account: str, entity: str) -> Room:
    desk = open_desk(spec.name, account, entity)
    if desk is None:
        raise not_found()
    return Room(request, spec, account, entity, desk)


def _way(request: Request, form: FormData) -> Way:
    return checked(request, *(_text(form, name) for name in ("tab", "walk", "back")))


def _kind(form: FormData) -> Kind:
    named = _text(form, "kind")
    if named not in (Kind.LINK, Kind.IMPORT, Kind.SKIP, Kind.NOT_A_MATCH):
        raise HTTPException(400, "That is no decision")
    return Kind(named)


def _resource_type(room: Room, form: FormData, field: str = "resource_type") -> str:
    """One of the types the account offers: any other would stop the run."""
    chosen = _text(form, field)
    if chosen not in room.words()["offer"].resource_types:
        raise HTTPException(400, "That is none of the resource types of the account")
    return chosen


def _number(form: FormData, field: str) -> int:
    text = _text(form, field)
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise HTTPException(400, "The form lacks a number: open the page again")
    return int(text)


def _text(form: FormData, field: str) -> str:
    value = form.get(field, "")
    return value if isinstance(value, str) else ""
