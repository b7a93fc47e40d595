"""The steps of a run as operators: extract, validate, transform, load, and undo.

A constructor only keeps its arguments; everything heavy is imported when a task runs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from crosswalk.core.model import RunKey
from crosswalk.errors import CrosswalkError
from crosswalk.orchestration.alerts import log_news
from crosswalk.orchestration.links import RunReportLink

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.core.ports import Source
    from crosswalk.engine.context import Run

Handle = dict[str, Any]
"""integration, account, snapshot and counts: all that tasks pass to each other."""


READS_BOTH = "Reads the source **and** the target: it fails when either is down, and clearing it reads both again."
"""Shown with every extract task, for whoever clears it."""


def check_form(context: Context) -> None:
    """Check the run configuration against the DAG's form. Raises ConfigurationError as `selection.check_conf`."""
    from crosswalk.orchestration.selection import check_conf

    params = context["dag"].params
    check_conf(context["dag_run"].conf or {}, {name: params.get_param(name).schema for name in params})


class SelectAccountsOperator(BaseOperator):
    """Check the run configuration and choose the accounts of the run. Returns their names.

    Args:
        integration: name of a folder in integrations/.
        by_night: for a DAG that runs hourly: a scheduled run takes the accounts whose local night begins in its data interval.
        setting: take only accounts in which this setting is not empty, whatever their frequency.
        kwargs: Airflow's own arguments.
    """

    def __init__(self, *, integration: str, by_night: bool = False, setting: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.integration = integration
        self.by_night = by_night
        self.setting = setting

    def execute(self, context: Context) -> list[str]:
        """Check configuration, spec and all accounts before anything is read from a vendor."""
        from crosswalk.integrations.specs import load_spec
        from crosswalk.orchestration.all_accounts import all_accounts
        from crosswalk.orchestration.selection import choose

        check_form(context)
        load_spec(self.integration)
        accounts = all_accounts(self.integration)
        on_demand = context["dag_run"].run_type == "manual"
        start, end = context.get("data_interval_start"), context.get("data_interval_end")
        interval = (start, end) if self.by_night and start and end else None
        params = context["params"]
        wanted = params.get("accounts") or [params[name] for name in ("account",) if params.get(name)]
        chosen = choose(accounts, wanted, on_demand=on_demand, interval=interval, setting=self.setting)
        self.log.info("%d of %d accounts are run: %s", len(chosen), len(accounts), ", ".join(chosen))
        return chosen


@contextmanager
def _noted(run: Run) -> Iterator[None]:
    """Record a refused connection in the run and its report, like any failed step."""
    from crosswalk.engine.attempt import step

    try:
        yield
    except CrosswalkError:
        with step(run, "connect"):
            raise


class _Step(BaseOperator, ABC):
    """A step of a run that has begun. `handle` is the output of the previous step."""

    template_fields: Sequence[str] = ("handle",)
    operator_extra_links = (RunReportLink(),)

    def __init__(self, *, handle: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.handle = handle

    @property
    def key(self) -> RunKey | None:
        """The run; None until the handle is known."""
        return RunKey.from_dict(self.handle) if isinstance(self.handle, dict) else None

    @property
    def account(self) -> str:
        return self.key.account if self.key else ""

    def execute(self, context: Context) -> Handle:  # noqa: ARG002 - Airflow's signature
        from crosswalk.orchestration.task_runs import handle_and_counts, resume_run

        run = resume_run(self.handle)
        return handle_and_counts(run.key, self.step(run))

    @abstractmethod
    def step(self, run: Run) -> dict[str, Any]:
        """Run the step and return its counts."""


class _Beginning(BaseOperator):
    """A step that starts a run of one account.

    Args:
        integration: name of a folder in integrations/.
        account: name of the account; mapped.
        kwargs: Airflow's own arguments.
    """

    template_fields: Sequence[str] = ("account",)
    operator_extra_links = (RunReportLink(),)

    def __init__(self, *, integration: str, account: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.integration = integration
        self.account = account
        self.key: RunKey | None = None


class ExtractOperator(_Beginning):
    """Read BOTH systems into the landing zone: what the account's source holds, and what its target holds.

    So this task also fails when the target is down, and clearing it reads both again. A backfill reads neither: it replays the
    snapshot landed for its night. The account names the source; a DAG with only one source may use a subclass named after it.
    """

    def __init__(self, *, integration: str, account: Any, **kwargs: Any) -> None:
        kwargs.setdefault("doc_md", READS_BOTH)
        super().__init__(integration=integration, account=account, **kwargs)

    def execute(self, context: Context) -> Handle:
        """Read source and target. Each attempt takes a new snapshot number."""
        from crosswalk.engine.extract import extract
        from crosswalk.engine.replay import replay
        from crosswalk.orchestration.resources import target_hook
        from crosswalk.orchestration.task_runs import begin_run, handle_and_counts

        run = begin_run(context, self.integration, self.account)
        self.key = run.key
        if run.store.runs.get(run.key).replays is not None:
            return handle_and_counts(run.key, replay(run))
        with _noted(run):
            source = self.open_source(run)
            target = target_hook(run.spec.target, run.settings).get_target()
        return handle_and_counts(run.key, extract(run, source, target))

    def open_source(self, run: Run) -> Source:
        """Open the account's source. Raises ConfigurationError."""
        from crosswalk.orchestration.resources import source_hook

        return source_hook(run.spec.source, run.settings).get_source()


class ValidateOperator(_Step):
    """Check every record against the expectations of the spec; a record that fails is rejected with a reason."""

    def step(self, run: Run) -> dict[str, Any]:
        """Return the number of accepted and rejected records by entity."""
        from crosswalk.engine.validate import validate

        return validate(run)


class TransformOperator(_Step):
    """Map records to the target's fields and build the plan: one outcome per record."""

    def step(self, run: Run) -> dict[str, Any]:
        """Return whether the plan is held, its hash, and the number of records by outcome."""
        from crosswalk.engine.transform import transform

        return transform(run)


class LoadStep(_Step):
    """Deliver the plan, read it back and check the totals. One subclass per target system."""

    system: ClassVar[str]

    def step(self, run: Run) -> dict[str, Any]:
        """Return how many records the target accepted and refused. A run that was delivered is not written again."""
        from crosswalk.engine.load import load
        from crosswalk.orchestration.resources import source_hook, target_hook

        with _noted(run):
            target = target_hook(self.system, run.settings).get_target()
        counts = load(run, target, lambda: source_hook(run.spec.source, run.settings).get_source())
        if counts.get("announced"):
            log_news(run.key, counts["announced"])
        return counts


class UndoStep(_Beginning):
    """Read the target and plan the way back to an earlier generation. One subclass per target system."""

    system: ClassVar[str]

    def execute(self, context: Context) -> Handle:
        """Plan the undo. A cleared task does not undo again what its DAG run already undid."""
        from crosswalk.engine.undo import undo
        from crosswalk.orchestration.resources import target_hook
        from crosswalk.orchestration.task_runs import begin_undo, handle_and_counts

        run = begin_undo(context, self.integration, self.account)
        self.key = run.key
        if run.store.ledger.finished(run.key):
            return handle_and_counts(run.key, {})
        with _noted(run):
            target = target_hook(self.system, run.settings).get_target()
        by = context["dag_run"].triggering_user_name or "nobody known to Airflow"
        return handle_and_counts(run.key, undo(run, target, generation=context["params"].get("generation"), by=by))
