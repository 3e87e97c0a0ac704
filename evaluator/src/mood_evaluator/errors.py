"""Errors of the evaluator; each is a sentence and carries the objects it speaks of.

EvaluatorError
├ InvalidPrediction(fault)       the team's: becomes a named fault of the case, never an abort
├ InvalidGroundTruth(path)       the organizer's: a label that cannot be read stops the scoring
├ InvalidTestSet(place)          the organizer's: a manifest that does not say what it must
├ InvalidTable                  the organizer's: a score table or its draws that cannot be ranked
├ InvalidScoredRun(path)         the organizer's: a file that is no scored run, or was changed
├ InvalidInput                   the caller's: numbers that a function cannot take; also a ValueError
├ InvalidEvidence                ours: stored bytes that are not an Evidence of a known version
├ BatchingImpossible             the organizer's: no partition has an abnormal voxel in each batch
└ UndefinedScore                 no positive in what was pooled, so average precision has no value
"""

from pathlib import Path

from mood_evaluator.faults import OutputFault


class EvaluatorError(Exception):
    """Anything the evaluator refuses to do, in a sentence."""


class InvalidPrediction(EvaluatorError):
    """A prediction that cannot be scored; `fault` is what the team is told, `detail` is for the log."""

    def __init__(self, fault: OutputFault, detail: str) -> None:
        super().__init__(f"{fault.text} ({detail})")
        self.fault = fault
        self.detail = detail


class InvalidGroundTruth(EvaluatorError):
    """A label that cannot be read or does not fit its case."""


class InvalidTestSet(EvaluatorError):
    """A manifest field that is missing or wrong; `place` names file and field."""

    def __init__(self, place: str, problem: str, remedy: str) -> None:
        super().__init__(f"{place}: {problem}. {remedy}.")
        self.place = place


class InvalidTable(EvaluatorError):
    """A score table, or draws from it, that cannot be ranked; the text names file, line and column."""


def in_words(problem: Exception) -> str:
    """Return what is wrong with a document, without Python's names for it."""
    if isinstance(problem, KeyError):
        return f"{problem.args[0]} is missing"
    if isinstance(problem, RecursionError):
        return "it is nested too deep"
    if isinstance(problem, TypeError | AttributeError | LookupError):
        return "a field is not of the kind it should be"
    return str(problem).rstrip(".")


class InvalidScoredRun(EvaluatorError):
    """A file that cannot be read as a scored run."""

    def __init__(self, path: Path | str, problem: Exception) -> None:
        super().__init__(
            f"{path} is no scored run: {in_words(problem)}. Write it again with `mood-evaluate evidence`."
        )


class InvalidInput(EvaluatorError, ValueError):
    """Numbers, labels or names that a function cannot take; the text says which and what to give instead."""


class InvalidEvidence(EvaluatorError):
    """Bytes that are not an Evidence this version can read."""


class BatchingImpossible(EvaluatorError):
    """No draw put an abnormal voxel into every batch."""


class UndefinedScore(EvaluatorError):
    """Average precision of something without positives."""
