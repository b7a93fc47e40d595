"""Removing one guard of the product in a running process: a piece of one function's text is replaced and its code swapped in place."""

from __future__ import annotations
import __future__

import ast
import functools
import importlib
import inspect
import textwrap
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

COMPILER_FLAGS = __future__.annotations.compiler_flag


@dataclass(frozen=True)
class Mutant:
    """One guard removed.

    guard: what is removed, in words. where: "core.safety:_mass_delete" or "landing.folder:Folder.seal". was, now: a piece of the
    function's text, which stands in it once, and what takes its place. tests: files or tests that must notice, below tests/, joined
    by a blank.
    """

    guard: str
    where: str
    was: str
    now: str
    tests: str

    @property
    def arguments(self) -> list[str]:
        """The tests as pytest takes them."""
        return [f"tests/{test}" for test in self.tests.split()]


class Outdated(Exception):
    """The piece of text is not in the function exactly once: the product changed, and the table has to follow."""


def apply(mutant: Mutant) -> None:
    """Remove the guard from this process, for whoever imported the function. Raises Outdated."""
    function = _function(mutant.where)
    function.__code__ = _changed(mutant, function)


def check(mutant: Mutant) -> None:
    """Raise Outdated unless the mutant can be applied."""
    _changed(mutant, _function(mutant.where))


def _function(where: str) -> FunctionType:
    module, _, path = where.partition(":")
    found: Any = importlib.import_module(f"crosswalk.{module}")
    for name in path.split("."):
        found = vars(found)[name]
    if isinstance(found, property):
        found = found.fget
    if isinstance(found, functools.cached_property):
        found = found.func
    if isinstance(found, (classmethod, staticmethod)):
        found = found.__func__
    function = inspect.unwrap(found)
    if not isinstance(function, FunctionType):
        raise Outdated(f"{where} is no function")
    return function


def _changed(mutant: Mutant, function: FunctionType) -> CodeType:
    """Compile the changed text; what the function closes over stays as it is."""
    text = textwrap.dedent(inspect.getsource(function))
    if text.count(mutant.was) != 1:
        raise Outdated(f"{mutant.where} holds {mutant.was!r} {text.count(mutant.was)} times")
    tree = ast.parse(text.replace(mutant.was, mutant.now))
    (definition,) = tree.body
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    made = compile(tree, f"<without: {mutant.guard}>", "exec", flags=COMPILER_FLAGS, dont_inherit=True)
    (code,) = (one for one in made.co_consts if isinstance(one, CodeType) and one.co_name == function.__name__)
    if code.co_freevars != function.__code__.co_freevars:
        raise Outdated(f"{mutant.where} closes over other names")
    return code
