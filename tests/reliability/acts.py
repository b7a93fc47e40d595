"""What an operator or the scheduler does with an account, by name, as data: for runs that are killed in a process of their own."""

from __future__ import annotations

from typing import Any

from crosswalk.core.model import RunKey
from crosswalk.engine.in_process import IN_PROCESS, Account
from crosswalk.features.announcements.chosen_links import choose_links
from crosswalk.store.runs import RunRow


def account_of(world: Any, wanted: dict[str, Any]) -> Account:
    """The account an act is about, of a world with one integration or several."""
    account: Account = world.account(wanted["integration"]) if "integration" in wanted else world.account()
    return account


def carry_out(account: Account, wanted: dict[str, Any]) -> RunRow:
    """act: run, undo, finish undo or clear; name; and what the act needs beside. approve: false lets a held plan be."""
    approve = (lambda _run: True) if wanted.get("approve", True) else None
    if wanted["act"] == "clear":
        key = RunKey(account.settings.integration, account.settings.name, wanted["snapshot"])
        return account.clear(key, wanted["step"], approve=approve)
    if wanted["act"] == "undo":
        return account.undo(wanted["name"])
    if wanted["act"] == "finish undo":
        return finish_undo(account)
    arguments = dict(wanted.get("arguments", {}))
    if link := arguments.pop("link", None):
        arguments["prepare"] = lambda run: choose_links(run, link, IN_PROCESS)
    return account.run(wanted["name"], approve=approve, **arguments)


def finish_undo(account: Account) -> RunRow:
    """What on-call staff does about an undo that failed: clear its load; begin it anew when it made no plan yet."""
    last = account.store.runs.latest(account.settings.integration, account.settings.name, limit=1)[0]
    if last.mode != "undo" or not last.plan_hash:
        return account.undo("test")
    return last if last.delivered_at else account.clear(last.key, "load")
