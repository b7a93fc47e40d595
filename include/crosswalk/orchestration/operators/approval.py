"""Approve as an operator: nothing unless the plan is held, then a question in Airflow's Required Actions, bound to the plan's hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.exceptions import HITLRejectException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import TaskAwaitingInput

from crosswalk.core.model import RunKey
from crosswalk.errors import SafetyStop
from crosswalk.orchestration.links import RunReportLink

if TYPE_CHECKING:
    from airflow.sdk import Context

ANSWER_WITHIN = timedelta(hours=24)
YES, NO = "Yes", "No"


class ApprovePlanOperator(ApprovalOperator):
    """Ask a person about a held plan; no answer is a Reject, and a Reject ends red. Returns at once when nothing is held.

    Args:
        handle: the output of transform.
        response_timeout: how long the question stands.
        kwargs: Airflow's own arguments.
    """

    template_fields: Sequence[str] = ("handle",)
    operator_extra_links = (RunReportLink(),)

    def __init__(self, *, handle: Any, response_timeout: timedelta = ANSWER_WITHIN, **kwargs: Any) -> None:
        super().__init__(subject="A plan is held", defaults=self.REJECT, fail_on_reject=True, response_timeout=response_timeout, **kwargs)
        self.handle = handle

    @property
    def key(self) -> RunKey | None:
        """The run; None until the handle is known."""
        return RunKey.from_dict(self.handle) if isinstance(self.handle, dict) else None

    @property
    def account(self) -> str:
        return self.key.account if self.key else ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Wait for the answer without a worker slot. The plan's hash travels with the question, not with the run."""
        if not self.handle["held"]:
            self.log.info("nothing is held")
            return {**RunKey.from_dict(self.handle).as_dict(), "held": False}
        from crosswalk.engine.approve import approval_text, update_question
        from crosswalk.engine.run_options import is_only_about_existing
        from crosswalk.orchestration.task_runs import resume_run

        run = resume_run(self.handle)
        row = run.store.runs.get(run.key)
        if is_only_about_existing(row.holds):
            self.subject, self.body = update_question(run)
            self.options, self.defaults = [YES, NO], [NO]
        else:
            self.subject, self.body = approval_text(run)
        try:
            super().execute(context)
        except TaskAwaitingInput as question:
            question.kwargs = {"plan_hash": row.plan_hash}
            raise
        return dict(self.handle)

    def execute_complete(self, context: Context, event: dict[str, Any], plan_hash: str = "") -> dict[str, Any]:
        """Keep the decision. Raises SafetyStop PLAN_REJECTED on Reject; a No leaves out what it was about, and the rest goes on."""
        from crosswalk.engine.approve import answer, record_decision
        from crosswalk.engine.run_options import is_only_about_existing
        from crosswalk.orchestration.task_runs import handle_and_counts, resume_run

        run, by = resume_run(self.handle), who(event)
        if is_only_about_existing(run.store.runs.get(run.key).holds):
            yes = event.get("chosen_options") == [YES]
            answer(run, yes=yes, plan_hash=plan_hash, by=by)
            return handle_and_counts(run.key, {"held": True, "approved": yes})
        try:
            super().execute_complete(context, event)
        except HITLRejectException:
            record_decision(run, approved=False, plan_hash=plan_hash, by=by)
            raise SafetyStop(
                "PLAN_REJECTED",
                operation=f"asking about the held plan of {run.key}",
                problem=f"the answer was Reject, by {by}",
            ) from None
        record_decision(run, approved=True, plan_hash=plan_hash, by=by)
        return handle_and_counts(run.key, {"held": True, "approved": True})


def who(event: dict[str, Any]) -> str:
    """Name who answered; the default taken after the time-out has nobody."""
    user = event.get("responded_by_user") or {}
    return str(user.get("name") or user.get("id") or "nobody (no answer in time)")
