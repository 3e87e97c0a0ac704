"""The batchings of a test set: the official one, and another to see how much the first decides."""

from collections.abc import Iterable

from mood_evaluator.batches import Batching, draw_batching
from mood_evaluator.test_set import ManifestCase, Task
from mood_test_sets.streams import Streams

__all__ = ["draw_batchings"]


def draw_batchings(
    cases: Iterable[ManifestCase], *, name: str, size: int | None, streams: Streams
) -> tuple[Batching, ...]:
    """The official batching of the pixel cases and an independent one; none without abnormal voxels."""
    has_positive = {case.id: case.label is not None for case in cases if Task.PIXEL in case.tasks}
    if size is None or not any(has_positive.values()):
        return ()
    return tuple(
        draw_batching(has_positive, size=size, seed=str(streams.seed(name, use)))
        for use in ("official", "second")
    )
