"""docs/mapping-tables.md says what the code knows. `pytest --golden` rewrites its tables."""

from __future__ import annotations

import re
from pathlib import Path

from crosswalk.core.converters import CONVERTERS
from crosswalk.core.spec.expectations import EXPECTATIONS, KEYS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "mapping-tables.md"
CORE = ROOT / "include" / "crosswalk" / "core"


def converters() -> str:
    rows = [
        f"| `{one.name}` | {' + '.join(one.takes)} | {one.gives} | {(one.apply.__doc__ or '').strip().splitlines()[0]} |"
        for one in CONVERTERS.values()
    ]
    lookup = "| `lookup:<name>` | code | text | Turn a code by a value table of `lookups.csv`; an unknown code rejects the record. |"
    return "\n".join(["| name | takes | gives | what it does |", "|---|---|---|---|", *rows, lookup])


def expectations() -> str:
    rows = [f"| `{name}` | {', '.join(f'`{key}` ({KEYS[key][1]})' for key in keys) or '–'} |" for name, keys in EXPECTATIONS.items()]
    return "\n".join(["| type | keys of its own, at least one |", "|---|---|", *rows])


def test_the_tables_of_the_page_are_current(golden: bool) -> None:
    text = current = PAGE.read_text(encoding="utf-8")
    for name, table in (("converters", converters()), ("expectations", expectations())):
        block = f"<!-- {name} -->\n{table}\n<!-- /{name} -->"
        current = re.sub(f"<!-- {name} -->\n.*?<!-- /{name} -->", lambda _, block=block: block, current, flags=re.DOTALL)
    if golden:
        PAGE.write_text(current, encoding="utf-8")
        return
    assert text == current


def test_every_code_of_a_table_or_a_spec_is_on_the_page() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in CORE.glob("*.py"))
    codes = set(re.findall(r'"((?:MAP|SPEC)_[A-Z_]+)"', source)) - {"MAP_CHANGED"}
    codes |= {
        f"{kind}_{name}" for kind in ("MAP", "SPEC") for name in re.findall(r'\{prefix\}_(NOT_FOUND|TOO_LARGE|ENCODING|EMPTY)"', source)
    }

    assert sorted(code for code in codes if f"`{code}`" not in PAGE.read_text(encoding="utf-8")) == []
