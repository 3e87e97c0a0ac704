"""What works on toy cases but looks wrong: alike in the toy report and in `mood test`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mood_evaluator import Dataset, Flag, Task
from mood_platform.documents.case_row import CaseRow, CaseWarning
from mood_platform.documents.set_result import Suspected

SLOW_SHARE = 0.5


def warnings_of(
    task: Task, dataset: Dataset, rows: Sequence[CaseRow], suspicions: Iterable[Suspected]
) -> Iterator[CaseWarning]:
    """Each names its cases. `rows` are those of a report, `suspicions` those of the evaluator's result."""
    for flag in Flag:
        if flagged := [row for row in rows if flag in row.flags]:
            yield _warning(str(flag), flag.text, dataset, flagged)
    for suspicion in suspicions:
        yield _warning(suspicion.code, suspicion.text, dataset, rows)
    if task is Task.SAMPLE and _all_scores_equal(rows):
        text = "All scans have the same score, so nothing is told apart. Check what your score depends on."
        yield _warning("all_scores_equal", text, dataset, rows)
    if slow := [row for row in rows if (row.seconds or 0) > SLOW_SHARE * row.limit_seconds]:
        text = "Took more than half of the time limit; other cases or a busier machine may take longer."
        yield _warning("slow", text, dataset, slow)


def _all_scores_equal(rows: Sequence[CaseRow]) -> bool:
    scores = [row.score for row in rows if row.outcome == "succeeded"]
    return len(scores) > 1 and len(set(scores)) == 1


def _warning(code: str, text: str, dataset: Dataset, rows: Sequence[CaseRow]) -> CaseWarning:
    return CaseWarning(code=code, text=text, dataset=dataset, cases=tuple(row.case for row in rows))
