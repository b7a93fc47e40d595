"""Keep ARCHITECTURE.md true: the imports of each room, import circles, and the figures of the house.

`python docs/architecture.py` rewrites the generated parts of the page and prints the figures. `--check` changes nothing: it exits 1 when
the table of imports differs from the code, or when modules import each other in a circle, anywhere in the package.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "include" / "crosswalk"
PAGE = ROOT / "ARCHITECTURE.md"

OUTSIDE = {"sandbox", "local"}
"""Rooms that imitate vendors and start the demo: their modules are named after what they imitate, and are not counted as one name twice."""

RUN_FLAGS = {"planner", "delivery", "kind", "mode", "retry", "retried", "replay", "replays", "provisioned"}
RUN_FLAGS |= {"record_filter", "narrowed", "on_existing", "existing", "links_chosen", "decided"}
ENTITY_FLAGS = {"decisions", "eligibility", "opt_outs", "on_source_delete", "left", "new", "strangers", "unmanaged", "refreshed"}
ENTITY_FLAGS |= {"read_only_source", "also_read", "read_only_target", "also_held", "merged_ids", "took_in", "tenant_field", "rights"}
ENTITY_FLAGS |= {"owner_ids", "belongs_to", "scope_field", "partition_field", "slice_field", "unique", "main"}
FLAGS = RUN_FLAGS | ENTITY_FLAGS
"""Names of settings that belong to a feature or a spec. A line of engine/ that reads one of them asks which case it is in."""


def main() -> int:
    """Rewrite or check the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when the page or the imports are wrong")
    check = parser.parse_args().check
    imports = module_imports()
    table, figures, found = room_table(imports), numbers(imports), circles(imports)
    text = PAGE.read_text(encoding="utf-8")
    print("\n".join(f"{value:>8,}  {name}" for name, value in figures.items()))
    if not check:
        after = [f"| {name} | {before(name, text)} | {value:,} |" for name, value in figures.items()]
        text = replaced(replaced(text, "imports", table), "numbers", ["| figure | before | now |", "|---|--:|--:|", *after])
        PAGE.write_text(text, encoding="utf-8")
    wrong = [f"these modules import each other in a circle: {', '.join(circle)}" for circle in found]
    if replaced(text, "imports", table) != text:
        wrong.append("ARCHITECTURE.md: the table of imports is not what the code does; run: python docs/architecture.py")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def module_imports() -> dict[str, set[str]]:
    """Which modules of the package each module imports, also those imported inside a function."""
    graph = grimp.build_graph("crosswalk", cache_dir=None)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in sorted(graph.modules)}


def circles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """Strongly connected components of more than one module, largest first (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in imports[module]:
            if other not in index:
                visit(other)
            if other in stack:
                low[module] = min(low[module], low[other])
        if low[module] == index[module]:
            start = stack.index(module)
            found.append(sorted(stack[start:]))
            del stack[start:]

    for module in imports:
        if module not in index:
            visit(module)
    return sorted((one for one in found if len(one) > 1), key=len, reverse=True)


def room_table(imports: Mapping[str, set[str]]) -> list[str]:
    """One row per room: the other rooms it imports."""
    rooms: dict[str, set[str]] = defaultdict(set)
    for module, others in imports.items():
        rooms[room(module)] |= {room(other) for other in others}
    rows = [f"| {name} | {', '.join(sorted(others - {name, ''})) or 'none'} |" for name, others in sorted(rooms.items()) if name]
    return ["| room | imports |", "|---|---|", *rows]


def numbers(imports: Mapping[str, set[str]]) -> dict[str, int]:
    """The figures the house is judged by."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    rooms: dict[str, set[str]] = defaultdict(set)
    for path in trees:
        place = path.relative_to(PACKAGE).parts[0]
        if path.stem not in {"__init__", "__main__"} and place not in OUTSIDE:
            rooms[path.stem].add(place)
    return {
        "modules in the largest import circle": max(map(len, circles(imports)), default=1),
        "imports from engine to features": sum(
            room(other) == "features" for module, others in imports.items() if room(module) == "engine" for other in others
        ),
        "flag lines in engine": sum(len(flag_lines(tree)) for path, tree in trees.items() if PACKAGE / "engine" in path.parents),
        "functions with a parameter `doing`": sum("doing" in parameters for tree in trees.values() for parameters in functions(tree)),
        "module names used in more than one room": sum(len(places) > 1 for places in rooms.values()),
        "lines in the package": sum(len(path.read_text(encoding="utf-8").splitlines()) for path in trees),
    }


def flag_lines(tree: ast.Module) -> set[int]:
    """Lines that read one of FLAGS, as a variable or as an attribute."""
    named = (node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute))
    return {node.lineno for node in named if (node.id if isinstance(node, ast.Name) else node.attr) in FLAGS}


def functions(tree: ast.Module) -> Iterator[set[str]]:
    """The parameter names of each function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield {one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}


def room(module: str) -> str:
    """The room a module stands in: the folder or module right below the package; "" for the package itself."""
    return module.split(".")[1] if "." in module else ""


def before(name: str, text: str) -> str:
    """The figure the page keeps from before the change."""
    found = re.search(rf"^\| {re.escape(name)} \| *([^|]*?) *\|", text, re.MULTILINE)
    return found[1].strip() if found else "–"


def replaced(text: str, name: str, lines: list[str]) -> str:
    """The page with the block between `<!-- name -->` and `<!-- /name -->` replaced."""
    block = "\n".join([f"<!-- {name} -->", *lines, f"<!-- /{name} -->"])
    return re.sub(f"<!-- {name} -->\n.*?<!-- /{name} -->", lambda _: block, text, flags=re.DOTALL)


if __name__ == "__main__":
    sys.exit(main())
