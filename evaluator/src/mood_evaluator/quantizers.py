"""Two fixed monotone quantizers of [0, 1]: how a score becomes a small integer, in one rounding.

`mood2020` is the float16 of s, as the published MOOD evaluation casts: 15,361 codes. `two_sided` is the
float16 of s below 0.5 and of 1 - s above, so that both ends are fine: 28,673 codes. A code is a rank.
"""

from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.arrays import as_floats
from mood_evaluator.errors import InvalidInput

HALF_CODE = int(np.float16(0.5).view(np.uint16))
ONE_CODE = int(np.float16(1.0).view(np.uint16))
Scores = npt.NDArray[np.floating[Any]]


class Quantizer(StrEnum):
    MOOD2020 = "mood2020"
    TWO_SIDED = "two_sided"

    @property
    def size(self) -> int:
        """How many codes there are."""
        return ONE_CODE + 1 if self is Quantizer.MOOD2020 else 2 * HALF_CODE + 1

    def quantize(self, scores: Any) -> npt.NDArray[np.uint16]:
        """Return the codes of scores in [0, 1], in the same shape; raises InvalidInput for others."""
        numbers = as_floats(scores)
        if numbers.size and not (numbers.min() >= 0 and numbers.max() <= 1):  # a NaN anywhere is the smallest
            raise InvalidInput("scores has numbers outside [0, 1]. Pass them through clean_scores first.")
        numbers = np.abs(numbers)  # -0.0
        return float16_codes(numbers) if self is Quantizer.MOOD2020 else _quantize_two_sided(numbers)

    def score_of(self, code: int) -> float:
        """Return the score that `code` stands for; raises InvalidInput for one that there is not."""
        if not 0 <= code < self.size:
            raise InvalidInput(f"code is {code!r}. Give one from 0 to {self.size - 1}.")
        low = code if self is Quantizer.MOOD2020 or code <= HALF_CODE else 2 * HALF_CODE - code
        score = float(np.uint16(low).view(np.float16))
        return score if low == code else 1.0 - score


def float16_codes(scores: Scores) -> npt.NDArray[np.uint16]:
    """Return the bits of the float16 of scores in [0, 1] without -0.0, rounded once."""
    return scores.astype(np.float16).view(np.uint16)


def _quantize_two_sided(scores: Scores) -> npt.NDArray[np.uint16]:
    low = scores < 0.5
    bits = np.where(low, scores, 1.0 - scores).astype(np.float16).view(np.uint16)  # 1 - s is exact above 0.5
    return np.where(low, bits, np.uint16(2 * HALF_CODE) - bits)
