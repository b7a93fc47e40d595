"""The arguments of every command."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from crosswalk.cli import activities, commands, files, running

if TYPE_CHECKING:
    Rooms = argparse._SubParsersAction[argparse.ArgumentParser]


def build_parser() -> argparse.ArgumentParser:
    """All commands; each sets `run`, the function that carries it out."""
    parser = argparse.ArgumentParser(prog="crosswalk", description="Keeps CRM records in step. See README.md for what each command is for.")
    rooms = parser.add_subparsers(required=True, metavar="COMMAND")
    _accounts(_group(rooms, "accounts", "the accounts in include/accounts"))
    _mapping(_group(rooms, "mapping", "the mapping tables"))
    _run(rooms)
    _plan(_group(rooms, "plan", "what a run does, or did"))
    _record(rooms)
    _rejected(_group(rooms, "rejected", "records that do not travel, and why"))
    _files(_group(rooms, "files", "files that arrived"))
    _activities(_group(rooms, "activities", "what people did in the target, written back as notes"))
    _suppression(_group(rooms, "suppression", "who opted out of mail"))
    _undo(rooms)
    _report(_group(rooms, "report", "the report of a run"))
    _store(_group(rooms, "store", "Crosswalk's own database"))
    _audit(_group(rooms, "audit", "who did what"))
    _landing(_group(rooms, "landing", "the landing zone"))
    _sandbox(_group(rooms, "sandbox", "the vendors, locally"))
    return parser


def _group(rooms: Rooms, name: str, text: str) -> Rooms:
    return rooms.add_parser(name, help=text).add_subparsers(required=True, metavar="COMMAND")


def _command(rooms: Rooms, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    parser = rooms.add_parser(name, help=text, description=text)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)
    return parser


def _account_command(rooms: Rooms, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    parser = _command(rooms, name, run, text)
    parser.add_argument("integration", help="such as fmg, or smartoffice_to_fmg")
    parser.add_argument("account", help="such as summit")
    return parser


def _accounts(rooms: Rooms) -> None:
    parser = _command(rooms, "check", commands.accounts_check, "check tables, settings and connections without writing anything")
    parser.add_argument("integration", nargs="?", help="only this integration")
    parser.add_argument("account", nargs="*", help="only these accounts")


def _mapping(rooms: Rooms) -> None:
    _command(rooms, "show", commands.mapping_show, "print the mapping tables of an integration").add_argument("integration")


def _run(rooms: Rooms) -> None:
    parser = _command(
        rooms, "run", running.run, "run accounts now, through Airflow, and follow them; exit code 1 when one is held or fails"
    )
    parser.add_argument("integration", help="such as fmg, or smartoffice_to_fmg")
    parser.add_argument("account", nargs="+", help="such as summit; also accounts that are set to manual")
    parser.add_argument("--dry-run", action="store_true", help="make the plans and their reports, write nothing")
    parser.add_argument("--full-resync", action="store_true", help="send the whole list again, not only what changed")
    parser.add_argument("--no-wait", dest="wait", action="store_false", help="start the run and do not follow it")


def _plan(rooms: Rooms) -> None:
    parser = _account_command(rooms, "show", commands.plan_show, "print the plan of a run: one outcome a record")
    parser.add_argument("--snapshot", type=int, help="of this run instead of the latest")
    parser.add_argument("--outcome", action="append", help="only rows with this outcome; may be repeated")
    parser.add_argument("--limit", type=int, default=50, help="rows to print, 0 for all (default 50; --json prints all)")


def _record(rooms: Rooms) -> None:
    parser = _account_command(rooms, "record", commands.record_show, "the fate of one source record over its last runs")
    parser.add_argument("source_id", help="such as Contact.7.1201")
    parser.add_argument("--runs", type=int, default=30, help="how many runs to look back (default 30)")


def _rejected(rooms: Rooms) -> None:
    _account_command(rooms, "list", commands.rejected_list, "records of an account that are rejected now")
    text = "deliver rejected records that pass by now, and nothing else"
    parser = _account_command(rooms, "retry", commands.rejected_retry, text)
    parser.add_argument("source_id", nargs="*", help="only these; none: every rejected record")


def _files(rooms: Rooms) -> None:
    text = "what became of each file that arrived, newest first; exit code 1 when one was refused"
    parser = _account_command(rooms, "list", files.files_list, text)
    parser.add_argument("--limit", type=int, default=50, help="files to print, 0 for all (default 50)")


def _activities(rooms: Rooms) -> None:
    _account_command(rooms, "list", activities.activities_list, "activities that have no note yet, and why")
    parser = _account_command(rooms, "retry", activities.activities_retry, "try activities again that were kept, and whatever waits")
    parser.add_argument("activity_id", nargs="*", help="only these; none: every kept activity")


def _suppression(rooms: Rooms) -> None:
    text = "take a contact off the suppression list that opted in again in the target"
    _account_command(rooms, "lift", activities.suppression_lift, text).add_argument("source_id", help="such as Contact.7.1201")


def _undo(rooms: Rooms) -> None:
    parser = _account_command(rooms, "undo", commands.undo, "put the target's list before the last delivery back; opt-outs are kept")
    parser.add_argument("--generation", type=int, help="put back this generation instead of the one before the present one")
    parser.add_argument("--dry-run", action="store_true", help="make the plan and its report, write nothing")


def _report(rooms: Rooms) -> None:
    parser = _account_command(rooms, "show", commands.report_show, "the report of a run in short, and where it is")
    parser.add_argument("--snapshot", type=int, help="of this run instead of the latest")


def _store(rooms: Rooms) -> None:
    _command(rooms, "migrate", commands.store_migrate, "bring Crosswalk's database to this version")


def _audit(rooms: Rooms) -> None:
    text = "prove that no audit event was changed, removed or put in; exit code 1 naming the first position that does not fit"
    _command(rooms, "verify", commands.audit_verify, text)


def _landing(rooms: Rooms) -> None:
    parser = _command(rooms, "purge", commands.landing_purge, "remove snapshots, which hold personal data, by age; reports stay")
    parser.add_argument("--keep-days", type=int, default=30, help="keep what is younger (default 30)")


def _sandbox(rooms: Rooms) -> None:
    parser = _command(rooms, "serve", commands.sandbox_serve, "serve all vendors from one process, until interrupted")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--contacts", type=int, default=30000, help="in the office DEMO01 (default 30000)")
    parser.add_argument("--groups", type=int, default=1000, help="tag groups in the office DEMO01 (default 1000)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed makes the same people")
