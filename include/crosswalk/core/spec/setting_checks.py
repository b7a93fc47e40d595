"""What an integration lets its accounts say, checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]

from crosswalk.errors import Problem


def setting_problems(settings: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """A setting is a JSON Schema with a description and a default that keeps it."""
    for name, schema in settings.items():
        place = f"spec.toml settings {name}"
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            yield Problem("SPEC_TYPE", place, f"not a JSON Schema: {error.message}")
            continue
        if not {"description", "default"} <= schema.keys():
            yield Problem("SPEC_MISSING_KEY", place, "description or default is missing", "add description and default")
        elif not jsonschema.Draft202012Validator(schema).is_valid(schema["default"]):
            yield Problem("SPEC_TYPE", f"{place} default", "it breaks the rules of its own setting")
