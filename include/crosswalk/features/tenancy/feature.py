"""Tenancy: every record that goes out is checked against the run's tenant, whatever the steps before did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from crosswalk.core.spec.key_checks import field_problems
from crosswalk.core.spec.model import BUSINESS, NPNS, EntitySpec, IntegrationSpec, Surroundings
from crosswalk.engine.hooks import Feature
from crosswalk.errors import Problem
from crosswalk.features.tenancy.guard import GuardedDelivery, Tenant, tenant_of

if TYPE_CHECKING:
    from crosswalk.core.ports import Delivery, Target
    from crosswalk.engine.context import Run
    from crosswalk.engine.results import Frames


class Tenancy(Feature):
    """Keeps tenants apart. fields: per entity, the target field that says whose a record is.

    provisioned: the accounts are businesses an administrator had made, kept in the store; the accounts file holds whose they are.
    """

    section: ClassVar[str] = "tenancy"

    fields: dict[str, str]
    provisioned: bool = False

    def bind(self, entity: EntitySpec, around: Surroundings) -> tuple[Self, EntitySpec, list[Problem]]:
        name, place = self.fields.get(entity.name, ""), "spec.toml tenancy fields"
        found = field_problems(entity, place, entity.name, name, around.target, entity.target_fields, "text ids", "MAP_KEY_MISSING")
        return self, entity, list(found)

    def problems(self, entities: Sequence[EntitySpec], settings: Mapping[str, Any]) -> Iterable[Problem]:
        """Tenants are kept apart in every entity, and the account has to say which it is."""
        for name in (entity.name for entity in entities if not self.fields.get(entity.name)):
            yield Problem("SPEC_TENANT_MISSING", "spec.toml tenancy fields", f"{name} is missing")
        for name in (BUSINESS, NPNS):
            if name not in settings:
                yield Problem("SPEC_TENANT_MISSING", "spec.toml settings", f"{name} is not declared", f"declare the setting {name}")

    def before_send(self, run: Run, target: Target, before: Frames) -> None:  # noqa: ARG002
        """Nothing is opened in the target for an account that does not say whose it is."""
        self._tenant(run)

    def guard(self, run: Run, target: Target, delivery: Delivery) -> Delivery:
        return GuardedDelivery(delivery, target.identity(), self._tenant(run))

    def _tenant(self, run: Run) -> Tenant:
        return tenant_of(self.fields, run.settings.options, run.key.integration)


def is_provisioned(spec: IntegrationSpec) -> bool:
    """Tell whether an integration's accounts are provisioned businesses."""
    tenancy = spec.feature(Tenancy)
    return tenancy is not None and tenancy.provisioned
