"""Linking as an operator: what could be linked is put before a person in Airflow's Required Actions, who chooses and classifies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict

from crosswalk.core.model import RunKey
from crosswalk.orchestration.links import RunReportLink
from crosswalk.orchestration.operators.approval import ANSWER_WITHIN, who

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.engine.context import Run
    from crosswalk.features.announcements.prompt import Offer

Classes = Mapping[str, tuple[str, ...]]
"""What a link can be classified as, by the word for it; the first is what the form suggests."""

NOTHING = "Link nothing"


class OfferLinksOperator(HITLOperator):
    """Ask a person which records to link, and as what; no answer links nothing. Returns at once when there is nothing to link.

    Each system subclasses it, for its connection and its words.

    Args:
        handle: the output of validate.
        response_timeout: how long the question stands.
        kwargs: Airflow's own arguments.
    """

    template_fields: Sequence[str] = ("handle",)
    operator_extra_links = (RunReportLink(),)
    system: ClassVar[str]
    classes: ClassVar[Mapping[str, Classes]]
    """By entity."""

    def __init__(self, *, handle: Any, response_timeout: timedelta = ANSWER_WITHIN, **kwargs: Any) -> None:
        question = "What is to be linked?"
        super().__init__(
            subject=question, options=[NOTHING], defaults=[NOTHING], multiple=True, response_timeout=response_timeout, **kwargs
        )
        self.handle = handle

    @property
    def key(self) -> RunKey | None:
        """The run; None until the handle is known."""
        return RunKey.from_dict(self.handle) if isinstance(self.handle, dict) else None

    @property
    def account(self) -> str:
        return self.key.account if self.key else ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Wait for the answer without a worker slot; what is offered is kept with the run."""
        from crosswalk.engine.attempt import step
        from crosswalk.features.announcements.prompt import offers
        from crosswalk.orchestration.resources import target_hook
        from crosswalk.orchestration.task_runs import handle_and_counts, resume_run

        run = resume_run(self.handle)
        with step(run, "offer"):
            target: Any = target_hook(self.system, run.settings).get_target()
            found = offers(run, target)
        if not found:
            self.log.info("nothing can be linked that is not linked already")
            return handle_and_counts(run.key, {"offered": 0, "links": 0})
        self.subject = f"{run.spec.short} {run.key.account}: which accounts and policies are to be linked?"
        self.body = _body(run, found)
        self.options = [NOTHING, *(one.option for one in found)]
        self.params = ParamsDict(self._form(found))
        super().execute(context)
        return dict(self.handle)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - Airflow's signature
        """Keep who chose what. Raises DataError OFFER_UNKNOWN."""
        from crosswalk.engine.attempt import step
        from crosswalk.features.announcements.prompt import accept, offered
        from crosswalk.orchestration.task_runs import handle_and_counts, resume_run

        run, filled = resume_run(self.handle), event.get("params_input") or {}
        found = offered(run)
        classes = {one.option: self._classified(one, filled) for one in found}
        with step(run, "offer"):
            links = accept(run, event.get("chosen_options") or [], classes, who(event))
        return handle_and_counts(run.key, {"offered": len(found), "links": links})

    def _form(self, found: Sequence[Offer]) -> dict[str, Param]:
        """A field for each word of each offered record."""
        return {
            _field(one, word): Param(values[0], enum=list(values), title=f"{one.source_id} for {one.client}: {word}")
            for one in found
            for word, values in self.classes[one.entity].items()
        }

    def _classified(self, one: Offer, filled: Mapping[str, Any]) -> dict[str, str]:
        """What a person said of a record; anything the form does not offer is what it suggests."""
        given = {word: str(filled.get(_field(one, word))) for word in self.classes[one.entity]}
        return {word: given[word] if given[word] in values else values[0] for word, values in self.classes[one.entity].items()}


def _field(one: Offer, word: str) -> str:
    return f"{one.source_id} {one.client} {word}"


def _body(run: Run, found: Sequence[Offer]) -> str:
    lines = [f"Snapshot {run.key.snapshot} of account **{run.key.account}**: {len(found)} record(s) could be linked.", ""]
    lines += [
        "Choose those to link, and say below what each is; what is not chosen stays as it is.",
        f"*{NOTHING}*, or no answer, links nothing.",
    ]
    return "\n".join(lines)
