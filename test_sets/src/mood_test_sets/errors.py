"""What can go wrong while building or importing test sets.

TestSetError                a sentence that names the file, the field and the remedy
├ DamagedScan               a scan that ships with the package is not what it was
├ WeakSecret                a secret file that would not keep a test set hidden
├ AnomalyDoesNotFit         no place was found where the anomaly changes enough voxels
├ FolderOccupied            the target folder holds something else
├ InvalidAnswers            answers of a rater that do not fit their sheet
├ InvalidRecipe             a recipe that says something unknown
├ ImportRefused             a folder that cannot become a test set
└ PreparingStopped          scans are prepared but no cohort could be written; carries what was found
"""

from collections.abc import Sequence
from pathlib import Path

from mood_test_sets.findings import Finding


class TestSetError(Exception):
    __test__ = False  # the name starts with Test, but pytest has nothing to collect here


class DamagedScan(TestSetError):
    pass


class WeakSecret(TestSetError):
    pass


class AnomalyDoesNotFit(TestSetError):
    pass


class FolderOccupied(TestSetError):
    pass


class ImportRefused(TestSetError):
    pass


class InvalidRecipe(TestSetError):
    pass


class InvalidAnswers(TestSetError):
    pass


class PreparingStopped(TestSetError):
    def __init__(
        self, reason: Exception, findings: Sequence[Finding], *, done: int, total: int, kept: Path
    ) -> None:
        why = f"{type(reason).__name__}: {reason}"
        super().__init__(
            f"Stopped after {done} of {total} scans ({why}). "
            f"What was prepared is kept in {kept}: mend it and run the same again."
        )
        self.findings = tuple(findings)
