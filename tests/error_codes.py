"""Which codes can leave the package, read from its syntax trees: who builds an error of which kind with which code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
LOOKS_LIKE_A_CODE = re.compile(r"[A-Z][A-Z0-9]+(_[A-Z0-9]+)+")
BUILDERS = {
    **{name: name for name in ("ConfigurationError", "TransientError", "RateLimited", "PermanentError", "AuthRefused", "Fenced")},
    "DataError": "DataError",
    "SafetyStop": "SafetyStop",
    "RecordRejected": "rejection",
    "Problem": "ConfigurationError",
    "Hold": "hold",
    "Kept": "kept",
    "Expectation": "rejection",
}
"""Who builds something with a code, and the kind it then is. An Expectation in the code is a rule every integration has."""
PLACES = {"Rejection": 2, "LogLine": 3, "Refusal": 1}
"""Others who take a code, and where."""
OF_PLACES = {"Rejection": "rejection", "LogLine": "notice", "Refusal": "refusal"}


@dataclass
class Found:
    """codes: (code, kind) and where; mentioned: anything written like a code, and where; computed: codes put together from parts.

    unread: where something is built with a code the walk cannot read, as place and expression.
    """

    codes: dict[tuple[str, str], str] = field(default_factory=dict)
    mentioned: dict[str, str] = field(default_factory=dict)
    computed: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)


def package_trees(package: Path) -> dict[str, ast.Module]:
    """Parse the package but for its imitations of vendors, whose codes are theirs; the sandbox's server raises one of ours."""
    paths = [path for path in sorted(package.rglob("*.py")) if not _imitates(path.relative_to(package))]
    return {str(path.relative_to(package)): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _imitates(path: Path) -> bool:
    return path.name == "conformance.py" or ("sandbox" in path.parts and path.name != "server.py")


def walk(trees: dict[str, ast.Module]) -> Found:
    """Find every code of the trees."""
    found = Found()
    public = {name: maker for tree in trees.values() for name, maker in _makers(tree, {}) if not name.startswith("_")}
    for place, tree in trees.items():
        makers = public | dict(_makers(tree, public))
        unread: dict[int, str] = {}
        for scope in _scopes(tree):
            for call in _calls(scope):
                coded = list(_coded(call, makers, scope, tree))
                for code, kind in coded:
                    found.codes.setdefault((code, kind), f"{place}:{call.lineno}")
                if call_name(call) in BUILDERS or call_name(call) in PLACES:
                    known = coded or _hands_on(call, scope)
                    unread[id(call)] = "" if known or unread.get(id(call)) == "" else f"{place}: {_given(call)}"
        found.unread |= set(filter(None, unread.values()))
        for node in _without_docstrings(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and LOOKS_LIKE_A_CODE.fullmatch(node.value):
                found.mentioned.setdefault(node.value, f"{place}:{node.lineno}")
            if isinstance(node, ast.JoinedStr) and LOOKS_LIKE_A_CODE.fullmatch(text := _shape(node)):
                found.computed.add(text.replace("X0", "…"))
    return found


def prefixed(trees: dict[str, ast.Module]) -> set[str]:
    """Put together the codes of files that are read: the prefix a caller names, and what the function it calls can find."""
    functions = {node.name: node for tree in trees.values() for node in ast.walk(tree) if _takes(node, "prefix")}
    callers = {name: {call_name(call) for call in _calls(node)} & functions.keys() for name, node in functions.items()}
    ends = {name: set(_ends(node)) for name, node in functions.items()}
    for _ in functions:
        ends = {name: ends[name].union(*(ends[other] for other in callers[name])) for name in functions}
    calls = [call for tree in trees.values() for call in ast.walk(tree) if isinstance(call, ast.Call) and call_name(call) in functions]
    literal = [(call_name(call), arg.value) for call in calls for arg in call.args if isinstance(arg, ast.Constant)]
    return {prefix + end for name, prefix in literal if isinstance(prefix, str) and CODE.fullmatch(prefix) for end in ends[name]}


def constants(node: ast.expr, scope: ast.AST, tree: ast.Module) -> set[str]:
    """Give the texts an expression can be: literal, one of several, or what a name of the function or the module was set to."""
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) and CODE.fullmatch(node.value) else set()
    if isinstance(node, ast.Name):
        inner = {text for value in _assigned(node.id, scope) for text in constants(value, scope, tree)}
        outer = {value.value for value in _assigned(node.id, tree) if isinstance(value, ast.Constant) and isinstance(value.value, str)}
        return inner or outer
    parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else list(ast.iter_child_nodes(node))
    if isinstance(node, ast.IfExp | ast.BoolOp | ast.Dict) or (isinstance(node, ast.Call) and call_name(node) in ("showable", "get")):
        return {text for part in parts if isinstance(part, ast.expr) for text in constants(part, scope, tree)}
    return set()


def _coded(call: ast.Call, makers: dict[str, tuple[str, int]], scope: ast.AST, tree: ast.Module) -> Iterator[tuple[str, str]]:
    name = call_name(call)
    kind = BUILDERS.get(name) or OF_PLACES.get(name) or makers.get(name, ("", 0))[0]
    if kind:
        for code in {text for arg in _code(call, makers) for text in constants(arg, scope, tree)}:
            yield (f"TGT_{code}" if kind == "refusal" else code), kind


def _code(call: ast.Call, makers: dict[str, tuple[str, int]]) -> list[ast.expr]:
    name = call_name(call)
    place = 0 if name in BUILDERS else PLACES[name] if name in PLACES else makers[name][1]
    return call.args[place : place + 1] + [one.value for one in call.keywords if one.arg == "code"]


def _hands_on(call: ast.Call, scope: ast.AST) -> bool:
    """Whether the code is a parameter of the function, so that its callers say it, or is put together, which `computed` lists."""
    names = {arg.arg for arg in scope.args.args} if isinstance(scope, ast.FunctionDef) else set()
    return all(
        isinstance(one, ast.JoinedStr) or (isinstance(one, ast.Name) and one.id in names) for one in _code(call, {}) or [ast.Constant(0)]
    )


def _given(call: ast.Call) -> str:
    return f"{call_name(call)}({', '.join(map(ast.unparse, _code(call, {})))})"


def _makers(tree: ast.Module, others: dict[str, tuple[str, int]]) -> Iterator[tuple[str, tuple[str, int]]]:
    """Give functions that hand a parameter on as the code of an error: name → (kind, the parameter's place)."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            names = [arg.arg for arg in function.args.args if arg.arg != "self"]
            for call in _calls(function):
                first = call.args[0] if call.args else None
                kind = BUILDERS.get(call_name(call)) or others.get(call_name(call), ("", 0))[0]
                if kind and isinstance(first, ast.Name) and first.id in names:
                    yield function.name, (kind, names.index(first.id))


def _scopes(tree: ast.Module) -> list[ast.AST]:
    return [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]


def _calls(scope: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(scope) if isinstance(node, ast.Call))


def _assigned(name: str, scope: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == name:
                    yield node.value


def call_name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _takes(node: ast.AST, parameter: str) -> bool:
    return isinstance(node, ast.FunctionDef) and parameter in [arg.arg for arg in node.args.args]


def _shape(node: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "X0" for part in node.values)


def _ends(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.JoinedStr) and re.fullmatch("X0(_[A-Z]+)+", text := _shape(node)):
            yield text.removeprefix("X0")


def _without_docstrings(tree: ast.Module) -> Iterator[ast.AST]:
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    return (node for node in ast.walk(tree) if id(node) not in texts)
