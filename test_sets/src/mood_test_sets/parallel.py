"""One function over many orders, in this process or in several, results as they come."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

__all__ = ["run_all"]

Order = TypeVar("Order")
Result = TypeVar("Result")


def run_all(function: Callable[[Order], Result], orders: Sequence[Order], *, jobs: int) -> Iterator[Result]:
    """At most one order per process is in work; whoever stops listening cancels the rest."""
    if jobs == 1 or len(orders) < 2:
        yield from map(function, orders)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(function, order) for order in orders]
        try:
            for future in as_completed(waiting):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)
