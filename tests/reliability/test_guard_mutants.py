"""Each guard of the product is removed in turn: at least one of the tests named for it must fail (G15). Unmutated, all of them pass."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reliability.conftest import Scale, Tally
from reliability.forking import TESTS, environment
from reliability.mutants import MUTANTS
from reliability.mutation import Mutant, check

pytestmark = pytest.mark.reliability

PASSED, FAILED = 0, 1


class MutantServer:
    """The process that forks a child for every mutant; see mutant_server.py."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self._process = subprocess.Popen(
            [sys.executable, str(TESTS / "reliability" / "mutant_server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TESTS.parent,
            env=environment(),
        )
        assert self._answer() == "ready"

    def run(self, mutants: list[Mutant], *, removed: bool) -> int:
        """How pytest ends over the tests of these mutants."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([[MUTANTS.index(one) for one in mutants], removed, str(self.output)]) + "\n")
        self._process.stdin.flush()
        return int(self._answer())

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate(timeout=30)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the server of mutants ended; its last output is in {self.output}"
        return str(json.loads(line))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MutantServer]:
    made = MutantServer(tmp_path_factory.mktemp("mutants") / "output.txt")
    yield made
    made.close()


def test_the_table_is_about_the_code_as_it_is() -> None:
    assert len({(one.where, one.was, one.now) for one in MUTANTS}) == len(MUTANTS)
    for mutant in MUTANTS:
        check(mutant)


@pytest.mark.timeout(600)
def test_with_every_guard_in_place_the_named_tests_pass(server: MutantServer, scale: Scale) -> None:
    """The suite itself runs them all; here some show, in the short form, that they pass in a child as well."""
    assert server.run(MUTANTS[:: scale(12, 1)], removed=False) == PASSED, server.output.read_text()


@pytest.mark.requirement("SAFE-1", "SAFE-2", "SAFE-3", "SAFE-4", "SAFE-5", "SAFE-6")
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: f"{one.where}: {one.guard}")
def test_a_removed_guard_makes_a_test_fail(server: MutantServer, mutant: Mutant, tally: Tally) -> None:
    ended = server.run([mutant], removed=True)
    tally("P29", "guards removed", 1, int(ended != FAILED))
    assert ended == FAILED, f"{mutant} was not noticed (pytest ended with {ended}):\n{server.output.read_text()[-4000:]}"
