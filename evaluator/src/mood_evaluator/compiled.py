"""Loops over voxels, compiled by Numba (`pip install mood-evaluator[fast]`): the twins of those in `kernels`.

Scores are the bits of float32 numbers in [0, 1]: they order as the numbers do. All counts are equal to those
of NumPy, replicates within 1e-12; tests hold every function to that.
"""

import numpy as np
from numba import float32, njit, uint32

_ONE = uint32(0x3F800000)
_HALF = uint32(0x3F000000)
_SHIFT = 14  # bits of a score that its bucket leaves out
BUCKETS = np.arange((0x3F800000 >> _SHIFT) + 2, dtype=np.uint32) << np.uint32(_SHIFT)
"""Where the buckets of `count_into_gaps` begin, and where the last one ends."""


def _compile(function):
    """Keep what was compiled for the next process, where there is a folder for it."""
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # nowhere to write
        return njit(nogil=True)(function)


@njit(inline="always")
def _float16(bits):
    """Round a float32 in [0, 1] to float16, half to even: what `astype(float16)` gives, as bits."""
    if bits >= uint32(0x38800000):  # a normal number in float16
        number = bits - uint32(0x38000000)
        return (number + uint32(0xFFF) + ((number >> uint32(13)) & uint32(1))) >> uint32(13)
    if bits < uint32(0x33000000):  # below half of the smallest number above 0
        return uint32(0)
    mantissa = (bits & uint32(0x7FFFFF)) | uint32(0x800000)
    shift = uint32(126) - (bits >> uint32(23))  # so that the unit is 2**-24
    code = mantissa >> shift
    rest, half = mantissa & ((uint32(1) << shift) - uint32(1)), uint32(1) << (shift - uint32(1))
    if rest > half or (rest == half and code & uint32(1)):
        code += uint32(1)
    return code


@njit(inline="always")
def _complement(bits):
    """Round 1 - s to float16 for s in [0.5, 1], where the difference is exact in float32."""
    score = np.uint32(bits).view(np.float32)
    return _float16(np.float32(float32(1.0) - score).view(np.uint32))


@_compile
def count_codes(bits, abnormal, codes, high):
    """Count scores (n,) of normal and abnormal voxels: by their float16, and by that of 1 - s from 0.5 on."""
    zeros = abnormal_zeros = 0
    for index in range(bits.size):
        score, row = bits[index], abnormal[index]
        if score == 0:
            zeros += 1
            abnormal_zeros += row
            continue
        codes[row, _float16(score)] += uint32(1)
        if score >= _HALF:
            high[row, _complement(score)] += uint32(1)
    codes[0, 0] += uint32(zeros - abnormal_zeros)
    codes[1, 0] += uint32(abnormal_zeros)


@_compile
def take_above_zero(bits, abnormal, wanted, found):
    """Write scores above 0 of voxels labelled `wanted` to `found`; return how many, and how many are 0."""
    count = zeros = 0
    for index in range(bits.size):
        if abnormal[index] == wanted:
            if bits[index]:
                found[count] = bits[index]
                count += 1
            else:
                zeros += 1
    return count, zeros


@_compile
def count_into_gaps(bits, abnormal, thresholds, starts, negatives):
    """Count normal voxels (n,) into the gap above each of `thresholds`; what lies below all is left out.

    `starts` (buckets + 1,) says how many thresholds lie below each bucket.
    """
    lowest = thresholds[0]
    for index in range(bits.size):
        score = bits[index]
        if score < lowest or abnormal[index]:
            continue
        bucket = score >> uint32(_SHIFT)
        low, high = starts[bucket], starts[bucket + 1]
        while low < high:
            middle = (low + high) >> 1
            if thresholds[middle] <= score:
                low = middle + 1
            else:
                high = middle
        negatives[low - 1] += 1


@_compile
def merge_into_gaps(ascending, thresholds, negatives):
    """Count ascending scores into the gaps above `thresholds`; what lies below all is left out."""
    gap, size = 0, thresholds.size
    for index in range(ascending.size):
        score = ascending[index]
        step = 1
        while gap + step <= size and thresholds[gap + step - 1] <= score:
            gap += step
            step += step
        step >>= 1
        while step:
            if gap + step <= size and thresholds[gap + step - 1] <= score:
                gap += step
            step >>= 1
        if gap:
            negatives[gap - 1] += 1


@_compile
def sweep_pools(
    abnormal_starts, abnormal_cases, abnormal_times, starts, cases, times, trues, founds, true, area
):
    """Add thresholds to the areas of pools: its cases from its start on, and how often each is in it."""
    width = trues.shape[1]
    hits, all_voxels = np.empty(width + 1), np.empty(width)
    for pool in range(true.size):
        hits[:] = 0
        for place in range(abnormal_starts[pool], abnormal_starts[pool + 1]):
            often, row = abnormal_times[place], abnormal_cases[place]
            for column in range(width):
                hits[column + 1] += often * trues[row, column]
        all_voxels[:] = 0
        for place in range(starts[pool], starts[pool + 1]):
            often, row = times[place], cases[place]
            for column in range(width):
                all_voxels[column] += often * founds[row, column]
        hits[0] = true[pool]
        true[pool] = hits[width]
        area[pool] += _area(hits, all_voxels)


@njit(nogil=True, inline="always", fastmath={"reassoc"})
def _area(hits, all_voxels):
    """Sum recall gained (in voxels) x precision; where nothing is found nothing is gained."""
    total = 0.0
    for column in range(all_voxels.size):
        total += (hits[column + 1] - hits[column]) * hits[column + 1] / max(all_voxels[column], 1.0)
    return total
