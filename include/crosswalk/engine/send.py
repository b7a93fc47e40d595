"""Send: batches of operations to an open delivery, several at a time, each intended before and acknowledged after (design §4)."""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import asdict, dataclass

from crosswalk.core.capabilities import Paced
from crosswalk.core.model import RunKey
from crosswalk.core.ports import BatchRefused, BatchResult, Delivery, Operation, Refusal
from crosswalk.engine.context import Heartbeat
from crosswalk.engine.results import Refused, SendResult
from crosswalk.store.ledger import Ledger

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """Consecutive operations. `number` is the position of the first, from 1, so that a half of a split batch has a number of its own."""

    number: int
    operations: list[Operation]

    def halves(self) -> list[Batch]:
        """Cut in two; the first half takes over the number, whose content the target did not keep."""
        middle = len(self.operations) // 2
        return [Batch(self.number, self.operations[:middle]), Batch(self.number + middle, self.operations[middle:])]

    @property
    def body_hash(self) -> str:
        """Names the content: the same operations have the same hash."""
        digest = hashlib.sha256()
        for operation in self.operations:
            links = [sorted(link.items()) for link in operation.links]
            digest.update(repr((operation.entity, operation.op, operation.key, sorted(operation.values.items()), *links)).encode())
        return digest.hexdigest()


def cut(operations: list[Operation], size: int, first: int = 1) -> list[Batch]:
    """Cut operations into batches of at most `size`, in order; `first` is the position of the first operation."""
    return [Batch(first + start, operations[start : start + size]) for start in range(0, len(operations), size)]


def send(
    ledger: Ledger, delivery: Delivery, batches: list[Batch], beat: Heartbeat, enough: Callable[[SendResult], None] = lambda _sent: None
) -> SendResult:
    """Send every batch; split one the target refused whole until the record at fault stands alone.

    beat: the lease under which is sent, renewed after every answer. enough: looks at what was sent after every answer, and may raise to
    send no more. Raises Fenced once another attempt or run took over.
    """
    sent, key = SendResult(), beat.lease.key
    waiting, running = deque(batches), dict[Future[BatchResult], Batch]()
    with ThreadPoolExecutor(delivery.max_parallel, thread_name_prefix="send") as pool:
        try:
            while waiting or running:
                while waiting and len(running) < delivery.max_parallel:
                    batch = waiting.popleft()
                    ledger.intend(beat.lease, batch.number, batch.body_hash, len(batch.operations))
                    running[pool.submit(copy_context().run, delivery.send, batch.number, batch.operations)] = batch
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    waiting.extendleft(_resolve(key, ledger, running.pop(future), future, sent))
                enough(sent)
                beat()
                _log_the_rest(key, delivery, [*waiting, *running.values()])
        finally:
            for future in running:
                future.cancel()
    return sent


def send_again(
    ledger: Ledger, delivery: Delivery, sent: SendResult, contents: Mapping[int, list[Operation]], beat: Heartbeat
) -> SendResult:
    """Put some batches again with other content, which replaces the earlier one; return what the target did with everything.

    contents: by number of the batch; none left in it is content too. An operation that was refused and is in no content stays refused.
    """
    again = send(ledger, delivery, [Batch(number, operations) for number, operations in contents.items()], beat)
    tried = {operation.key for operations in contents.values() for operation in operations}
    return SendResult(sent.parts, [one for one in sent.refused if one[0].key not in tried]) + again


def _log_the_rest(key: RunKey, delivery: Delivery, batches: list[Batch]) -> None:
    """Log how long the rest takes at the least, to a target that may be asked so much in a minute."""
    left = [operation for batch in batches for operation in batch.operations]
    if left and isinstance(delivery, Paced):
        log.info("%s: %d operations left, at least %.0f s", key, len(left), delivery.seconds_for(left[0].entity, len(left)))


def _resolve(key: RunKey, ledger: Ledger, batch: Batch, answer: Future[BatchResult], sent: SendResult) -> list[Batch]:
    """Book one answer; return the batches to send instead when the target refused this one whole."""
    try:
        result = answer.result()
        taken = True
    except BatchRefused:
        if len(batch.operations) > 1:
            log.warning("%s: batch %d of %d records was refused, splitting it", key, batch.number, len(batch.operations))
            return batch.halves()
        result = BatchResult(frozenset(), tuple(Refusal(operation.key, "REFUSED", "") for operation in batch.operations))
        taken = False
    refused = _refusals(batch, result)
    if taken:
        sent.parts[batch.number] = [operation for operation in batch.operations if operation.key in result.accepted]
    sent.refused += refused
    ledger.acknowledge(key, batch.number, len(batch.operations) - len(refused), [asdict(refusal) for _, refusal in refused])
    log.info("%s: %d operations delivered, %d refused", key, sent.accepted_total, len(sent.refused))
    return []


def _refusals(batch: Batch, result: BatchResult) -> Refused:
    """Pair refusals with their operations by key. What the target did not mention was not processed, which is not done."""
    named = {refusal.key: refusal for refusal in result.refused}
    return [
        (operation, named.get(operation.key, Refusal(operation.key, "UNPROCESSED", "")))
        for operation in batch.operations
        if operation.key not in result.accepted
    ]
