"""What is being done: named by a block, read where an error is built, carried into threads and through pickles."""

import ast
import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import crosswalk
from crosswalk.errors import DataError, current_operation, in_operation, operation
from crosswalk.wire.paging import prefetched

PACKAGE = Path(crosswalk.__file__).parent
OPENERS = {"operation", "_operation", "reading", "writing", "_translated", "_locked"}


def error(**named: str) -> DataError:
    return DataError("SRC_EMPTY_BODY", problem="the answer has no content", next_step="run again", **named)


def test_the_innermost_block_counts_and_ends_with_its_block() -> None:
    with operation("running summit"):
        with operation("reading contacts of fmg_summit"):
            assert error().operation == "reading contacts of fmg_summit"
            assert error(operation="loading").operation == "loading"
        assert error().operation == "running summit"
    assert current_operation() == ""


def test_an_error_ends_the_block_too_and_keeps_what_was_being_done() -> None:
    try:
        with operation("reading contacts of fmg_summit"):
            raise error()
    except DataError as raised:
        assert str(raised) == "[SRC_EMPTY_BODY] While reading contacts of fmg_summit: the answer has no content. Next: run again."
    assert current_operation() == ""


def test_outside_every_block_it_reads_well() -> None:
    assert str(error()) == "[SRC_EMPTY_BODY] the answer has no content. Next: run again."


def test_a_pickled_error_says_the_same() -> None:
    with operation("reading contacts of fmg_summit"):
        there = error()
    back = copy.copy(there)  # goes through __reduce__, as a pickle does
    assert (back.operation, str(back)) == (there.operation, str(there))


def test_a_pool_is_handed_the_operation() -> None:
    with ThreadPoolExecutor(2) as pool:
        with operation("sending batch 1"):
            first = pool.submit(copy_context().run, current_operation)
        with operation("sending batch 2"):
            second = pool.submit(copy_context().run, current_operation)
        assert (first.result(), second.result(), pool.submit(current_operation).result()) == ("sending batch 1", "sending batch 2", "")


def test_a_generator_names_its_own_work_and_not_its_consumer_s() -> None:
    def pages() -> Iterator[str]:
        yield current_operation()
        with operation("asking for page 2"):
            second = current_operation()
        yield second

    with operation("landing"):
        seen = []
        for made in in_operation("reading contacts", pages()):
            seen += [made, current_operation()]
        assert seen == ["reading contacts", "landing", "asking for page 2", "landing"]


def test_what_is_fetched_ahead_knows_the_operation() -> None:
    assert list(in_operation("reading", prefetched(current_operation() for _ in range(3)))) == ["reading"] * 3


def test_no_block_is_open_across_a_yield() -> None:
    """A generator runs in its consumer's context: a block left open would name the consumer's work, and end in a wrong context."""
    wrong = [
        f"{path.relative_to(PACKAGE)}:{line}" for path in PACKAGE.rglob("*.py") for line in yields_in_blocks(ast.parse(path.read_text()))
    ]
    assert wrong == []


def yields_in_blocks(tree: ast.AST) -> Iterator[int]:
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        if any("contextmanager" in ast.unparse(one) for one in function.decorator_list):
            continue  # its caller's block is the block
        for block in [node for node in own_nodes(function) if isinstance(node, ast.With) and opens(node)]:
            yield from (node.lineno for node in own_nodes(block) if isinstance(node, ast.Yield | ast.YieldFrom))


def own_nodes(outer: ast.AST) -> Iterator[ast.AST]:
    """Walk a function or block without the functions inside it."""
    for node in ast.iter_child_nodes(outer):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            yield from own_nodes(node)


def opens(block: ast.With) -> bool:
    called = [item.context_expr.func for item in block.items if isinstance(item.context_expr, ast.Call)]
    return any(ast.unparse(one).rpartition(".")[2] in OPENERS for one in called)


def test_no_function_is_handed_what_it_is_doing() -> None:
    handed = [
        f"{path.relative_to(PACKAGE)}: {node.name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and "doing" in {one.arg for one in [*node.args.args, *node.args.kwonlyargs]}
    ]
    assert handed == []


def test_every_pool_hands_the_context_over() -> None:
    texts = {path: path.read_text() for path in PACKAGE.rglob("*.py") if "ThreadPoolExecutor(" in path.read_text()}
    assert len(texts) >= 6
    assert [
        path for path, text in texts.items() if "pool.map(" in text or text.count(".submit(") != text.count(".submit(copy_context().run")
    ] == []
