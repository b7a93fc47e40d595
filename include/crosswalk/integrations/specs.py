"""What an integration moves, and under which promises: spec.toml with its mapping and value tables, checked as a whole.

Raises one ConfigurationError that lists every problem of all the files.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from crosswalk.core.did_you_mean import did_you_mean, quoted
from crosswalk.core.spec.model import IntegrationSpec
from crosswalk.core.spec.reader import scan_spec
from crosswalk.core.toml_reader import scan_toml
from crosswalk.errors import ConfigurationError
from crosswalk.integrations.features import FEATURES


def load_spec(integration: str, folder: Path | None = None, *, source: str = "") -> IntegrationSpec:
    """Read and check one integration by its full name.

    folder: read it from there instead of the package. source: which of its sources, the first when left out; the tables of all are
    checked. Raises ConfigurationError with every problem found (SPEC_… and MAP_…), SPEC_UNKNOWN_SYSTEM for none of its sources.
    """
    specs, problems = scan_spec(integration, folder or _integrations() / resolve_integration(integration), FEATURES)
    if problems:
        raise ConfigurationError.from_problems(f"reading the integration {integration}", problems)
    if source and source not in specs:
        found, fix = f"{quoted(source)} has no mapping table for it{did_you_mean(source, specs)}", f"choose among {', '.join(specs)}"
        raise ConfigurationError("SPEC_UNKNOWN_SYSTEM", operation=f"reading the sources of {integration}", problem=found, next_step=fix)
    return specs[source or next(iter(specs))]


def integration_names() -> list[str]:
    """Name every integration of the package."""
    return sorted(path.parent.name for path in _integrations().glob("*/spec.toml"))


def resolve_integration(name: str) -> str:
    """Return the full name of an integration given by its full or its short name. Raises ConfigurationError SPEC_NOT_FOUND."""
    full = integration_names()
    if name in full:
        return name
    short = {str(scan_toml(_integrations() / one / "spec.toml", one, "SPEC")[0].get("short", "")): one for one in full}
    if name and name in short:
        return short[name]
    raise ConfigurationError(
        "SPEC_NOT_FOUND",
        operation="looking for an integration",
        problem=f"none is named {quoted(name)}{did_you_mean(name, [*full, *short])}",
        next_step=f"choose among {', '.join([*full, *filter(None, short)])}",
    )


def _integrations() -> Path:
    return Path(str(resources.files("crosswalk.integrations")))
