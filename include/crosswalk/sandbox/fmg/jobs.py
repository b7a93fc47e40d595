"""The three calls of an import: open, part, commit. All run under the account's lock."""

from __future__ import annotations

from typing import Any

from crosswalk.sandbox.fmg.account import Account
from crosswalk.sandbox.fmg.commit import committed
from crosswalk.sandbox.fmg.imports import ENTITIES, MAX_BYTES, Import, is_count, read_open, read_part
from crosswalk.sandbox.messages import Refused, Reply, Request, json_reply
from crosswalk.sandbox.system import Parts

MAX_PART = 99_999


def open_import(account: Account, request: Request, _: Parts) -> Reply:
    """Begin an import; open ones with a lower snapshot are closed. Raises Refused."""
    mode, snapshot, base_revision, source = read_open(request.json())
    _require_newest(account, snapshot)
    _require_same_source(account, source)
    if base_revision != account.listing.revision:
        raise Refused(409, "LIST_CHANGED", "revision is not base_revision")
    others = [job for job in account.imports.values() if job.status == "open"]
    if any(job.snapshot >= snapshot for job in others):
        raise Refused(409, "STALE_SNAPSHOT", "an import with this snapshot or a higher one is open")
    for job in others:
        job.end("closed")
    job = Import(account.new_id("i"), mode, snapshot, base_revision, source)
    account.imports[job.import_id] = job
    return json_reply({"import_id": job.import_id, "status": job.status}, 201)


def put_part(account: Account, request: Request, parts: Parts) -> Reply:
    """Take one part; the same number again replaces it. Raises Refused."""
    job, number = _job(account, parts["job"]), parts["number"]
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:6]) <= MAX_PART):
        raise Refused(422, "INVALID", f"part numbers are 1 to {MAX_PART}")
    job.require_open()
    if len(request.body) > MAX_BYTES:
        raise Refused(413, "PART_TOO_LARGE", f"a part has at most {MAX_BYTES} bytes")
    part = read_part(request.json(), job.mode, account.had)
    job.parts[int(number)] = part
    return json_reply({"part": int(number), "accepted": [operation.key for operation in part.accepted], "rejected": part.rejected})


def commit_import(account: Account, request: Request, parts: Parts) -> Reply:
    """Make the import visible at once; a refusal with 409 changes nothing and closes it. Raises Refused."""
    job = _job(account, parts["job"])
    job.require_open()
    expected = _expected(request.json())
    try:
        _require_newest(account, job.snapshot)
        _require_same_source(account, job.source)
        if account.listing.revision != job.base_revision:
            raise Refused(409, "LIST_CHANGED", "the list changed since the import was opened")
        if expected != job.counts():
            raise Refused(409, "COUNT_MISMATCH", "the server counts otherwise")
        listing = committed(account.listing, job, account.new_id)
    except Refused:
        job.end("closed")
        raise
    account.opt_out((item.values["email"], item.source_id) for item in job.operations() if item.opted_out)
    account.show(listing)
    job.end("committed")
    counts = {"contacts": len(listing.contacts), "groups": len(listing.groups)}
    return json_reply(
        {"import_id": job.import_id, "status": job.status, "generation": listing.generation, "revision": listing.revision, **counts}
    )


def _job(account: Account, import_id: str) -> Import:
    if import_id not in account.imports:
        raise Refused(404, "NOT_FOUND", "no such import")
    return account.imports[import_id]


def _expected(body: dict[str, Any]) -> dict[str, Any]:
    sides = {entity: body.get(entity) for entity in ENTITIES}
    for side in sides.values():
        if not isinstance(side, dict) or set(side) != {"upsert", "delete"} or not all(map(is_count, side.values())):
            raise Refused(422, "INVALID", "a commit expects upsert and delete of contacts and of groups")
    if not is_count(body.get("parts")):
        raise Refused(422, "INVALID", "a commit expects the number of parts")
    return {"parts": body["parts"], **sides}


def _require_newest(account: Account, snapshot: int) -> None:
    if snapshot <= account.listing.last_snapshot:
        raise Refused(409, "STALE_SNAPSHOT", "this snapshot or a higher one was committed")


def _require_same_source(account: Account, source: dict[str, str]) -> None:
    manager = account.listing.managed_by
    if manager and dict(manager) != source:
        raise Refused(409, "MANAGED_ELSEWHERE", "another source manages the list")
