"""Who is whom: the records of an account by how they stand, and one record beside those it may be. Shows personal data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from crosswalk.console.access import Review, Reviewing, may_review, not_found, reviewing
from crosswalk.console.configured import accounts_of
from crosswalk.console.page_links import PageNumber, Paging
from crosswalk.console.rendering import page, query
from crosswalk.console.review.navigation import MOST, Way, decode, way
from crosswalk.console.review.offer import offer
from crosswalk.console.review.phrases import DID, FIELDS, who
from crosswalk.console.review.queue import Desk, Line
from crosswalk.console.review.queues import open_desk
from crosswalk.console.review.record_views import SHOWN, Mirror
from crosswalk.console.review.tabs import TITLES, TONES, Tab
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.features.linking.feature import candidates_of
from crosswalk.features.linking.rules import EMPLOYER

SIZES = (50, 100, MOST)
PER_HISTORY = 100
COMPANY = "company"
DONE = (Tab.LINKED, Tab.IMPORT)
WORDS = {"tab_titles": TITLES, "tones": TONES, "did": DID, "field_names": FIELDS, "who": who}

router = APIRouter()
start = APIRouter(prefix="/review", dependencies=[Depends(reviewing)], default_response_class=HTMLResponse)
pages = APIRouter(
    prefix="/review/{integration}/{account}/{entity}", dependencies=[Depends(may_review)], default_response_class=HTMLResponse
)

Number = Annotated[int, Query(ge=0, le=2**31)]
OnTheWay = Annotated[Way, Depends(way)]


@dataclass(frozen=True)
class Room:
    """Where a page is: an entity of an account, and the desk of its newest run."""

    request: Request
    spec: IntegrationSpec
    account: str
    entity: str
    desk: Desk

    @property
    def address(self) -> str:
        return f"{self.request.scope['root_path']}/review/{self.spec.name}/{self.account}/{self.entity}"

    def record(self, source_id: str, way: Way, **more: object) -> str:
        """Address of a record's page."""
        return f"{self.address}/record{query(id=source_id, **way.asked, **more)}"

    def list(self, way: Way, **more: object) -> str:
        """Address of the list a way began at."""
        return f"{self.address}{query(tab=way.tab, walk=way.walk, **more)}"

    def words(self) -> dict[str, Any]:
        """What every page of a room says."""
        places = {"spec": self.spec, "account": self.account, "entity": self.entity, "entities": list(candidates_of(self.spec))[::-1]}
        return {**places, **WORDS, "address": self.address, "desk": self.desk, "offer": offer(self.spec, self.account)}


@start.get("")
def accounts(request: Request, specs: Reviewing) -> HTMLResponse:
    """The accounts whose records the user may link."""
    listed = [(spec, name, list(candidates_of(spec))[::-1]) for spec in specs for name in accounts_of(spec.name).accounts]
    return page(request, "review_accounts.html.j2", listed=listed)


@pages.get("")
def records(
    request: Request,
    account: str,
    entity: str,
    spec: Review,
    user: GetUserDep,
    way: OnTheWay,
    size: Annotated[int, Query(ge=1, le=MOST)] = SIZES[0],
    number: PageNumber = 1,
    done: Number = 0,
    found: Number = 0,
) -> HTMLResponse:
    """The records of one tab, or those of a walk. done: how many were decided just now; found: how many the search found."""
    desk = open_desk(spec.name, account, entity)
    if desk is None:
        return nothing_yet(request, spec, account, entity)
    room = Room(request, spec, account, entity, desk)
    tab = Tab(way.tab or Tab.MATCH)
    way = replace(way, tab=tab)
    chosen = desk.among(tab, decode(way.walk, desk.key.snapshot, len(desk.ids))) if way.walk else desk.pick(tab)
    paging = Paging(number, size, len(chosen))
    return page(
        request,
        "review.html.j2",
        user=user,
        **room.words(),
        tab=tab,
        way=way,
        room=room,
        asked={"tab": tab, "walk": way.walk, "size": size if size != SIZES[0] else ""},
        sizes=SIZES,
        size=size,
        tally=desk.tally(),
        lines=[desk.line(place) for place in chosen[paging.first : paging.last]],
        shown=SHOWN[entity],
        paging=paging,
        done=done,
        found=found,
        most=MOST,
    )


@pages.get("/record")
def record(
    request: Request,
    account: str,
    entity: str,
    spec: Review,
    user: GetUserDep,
    way: OnTheWay,
    source_id: Annotated[str, Query(alias="id", max_length=200)],
    rows: Annotated[str, Query(max_length=200)] = "",
    found: Number = 0,
    said: Number = 0,
) -> HTMLResponse:
    """One record, who it may be, and what can be decided.

    rows, found: what a search of the target found, as a walk, and how much it was. said: number of the decision taken just now.
    """
    desk = open_desk(spec.name, account, entity)
    if desk is None:
        return nothing_yet(request, spec, account, entity)
    return record_page(Room(request, spec, account, entity, desk), user, source_id, way, rows=rows, found=found, said=said)


@pages.get("/history")
def history(request: Request, account: str, entity: str, spec: Review, user: GetUserDep, number: PageNumber = 1) -> HTMLResponse:
    """Every decision about an entity of the account, newest first."""
    desk = open_desk(spec.name, account, entity)
    if desk is None:
        return nothing_yet(request, spec, account, entity)
    room = Room(request, spec, account, entity, desk)
    paging = Paging(number, PER_HISTORY, len(desk.log))
    shown = desk.log[::-1][paging.first : paging.last]
    return page(
        request,
        "review_history.html.j2",
        user=user,
        **room.words(),
        room=room,
        way=Way(),
        tally=desk.tally(),
        tab="",
        log=[(one, desk.place.get(one.source_id), one.number in desk.in_force(one.source_id)) for one in shown],
        paging=paging,
    )


def record_page(
    room: Room, user: BaseUser, source_id: str, way: Way, *, rows: str = "", found: int = 0, said: int = 0, refused: str = ""
) -> HTMLResponse:
    """Render a record's page; 404 for one the run did not read. refused: why a decision was not taken, answered with 409."""
    desk = room.desk
    if source_id not in desk.place:
        raise not_found()
    line = desk.line(desk.place[source_id])
    company = _company(room, line)
    known = company is not None and not company.room.desk.is_open(company.line.place)
    sent = [one for one in room.spec.entity(room.entity).mapping.target_names if one != EMPLOYER or known]
    mirror = Mirror(desk, line, candidates_of(room.spec)[room.entity], sent)
    faces = [] if line.stands.tab is Tab.LINKED else [mirror.face(one["target_id"], one) for one in desk.offered(source_id)]
    hits = [mirror.face(one) for one in desk.target["target_id"].take(decode(rows, desk.key.snapshot, len(desk.target)))]
    before, after, left = neighbours(desk, line.place, way)
    return page(
        room.request,
        "review_record.html.j2",
        user=user,
        status=409 if refused else 200,
        **room.words(),
        room=room,
        way=way,
        line=line,
        shown=SHOWN[room.entity],
        own=mirror.source(),
        faces=faces,
        chosen=next((one for one in [*hits, *faces] if not one.holder), None),
        linked=mirror.face(line.stands.target_id) if line.stands.target_id else None,
        searched=rows != "",
        found=hits,
        found_in_all=found,
        company=company,
        deals=desk.deals(source_id),
        history=desk.history(source_id),
        in_force=desk.in_force(source_id),
        before=before,
        after=after,
        left=left,
        said=next((one for one in reversed(desk.log) if one.number == said), None),
        refused=refused,
    )


def neighbours(desk: Desk, place: int, way: Way) -> tuple[str, str, int]:
    """Name the records before and after one on the way, "" where it ends, and how many come after; a walk passes by what is decided."""
    walked = [one for one in decode(way.walk, desk.key.snapshot, len(desk.ids)) if way.tab in DONE or desk.is_open(one)]
    places = walked if way.walk else desk.pick(way.tab) if way.tab else []
    earlier, later = [one for one in places if one < place], [one for one in places if one > place]
    return desk.ids[earlier[-1]] if earlier else "", desk.ids[later[0]] if later else "", len(later)


def nothing_yet(request: Request, spec: IntegrationSpec, account: str, entity: str) -> HTMLResponse:
    """Say that no run has looked for candidates, or that what it found is past its time."""
    return page(request, "review_nothing.html.j2", spec=spec, account=account, entity=entity)


@dataclass(frozen=True)
class Company:
    """A contact's company as the CRM has it, and the room its own review is in."""

    room: Room
    line: Line


def _company(room: Room, line: Line) -> Company | None:
    source_id = line.values.get(EMPLOYER, "")
    desk = open_desk(room.spec.name, room.account, COMPANY) if source_id and room.entity != COMPANY else None
    if desk is None or source_id not in desk.place:
        return None
    return Company(Room(room.request, room.spec, room.account, COMPANY, desk), desk.line(desk.place[source_id]))


router.include_router(start)
router.include_router(pages)
