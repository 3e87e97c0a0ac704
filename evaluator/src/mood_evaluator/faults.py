"""What can be wrong with a prediction: faults make it count as all zero, flags only tell the team.

Each value carries one fixed sentence for participants. The sentences name no case and no number, so
they can be shown for hidden cases too.
"""

from enum import StrEnum


class OutputFault(StrEnum):
    """Why a prediction is invalid. An invalid prediction counts as 0 everywhere."""

    MISSING = "output_missing"
    UNREADABLE = "output_unreadable"
    UNSUPPORTED_TYPE = "output_unsupported_type"
    SHAPE_MISMATCH = "output_shape_mismatch"
    NOT_A_NUMBER = "output_not_a_number"

    @property
    def text(self) -> str:
        return _FAULT_TEXTS[self]


class Flag(StrEnum):
    """What was noticed in a prediction that counts all the same."""

    CLAMPED = "clamped"
    NAN = "nan"
    CONSTANT = "constant"
    AFFINE_DIFFERS = "affine_differs"
    TRAILING_DATA = "trailing_data"
    SQUEEZED = "squeezed"
    FEW_SCORES = "few_scores"
    NOT_GZIP = "not_gzip"

    @property
    def text(self) -> str:
        return _FLAG_TEXTS[self]


_FAULT_TEXTS = {
    OutputFault.MISSING: "No prediction was written. Write one file per case, named like the input.",
    OutputFault.UNREADABLE: (
        "The prediction is no complete, sound NIfTI file. Write it with nibabel as a single .nii.gz file, "
        "close it before your program ends, and open it once yourself."
    ),
    OutputFault.UNSUPPORTED_TYPE: (
        "The prediction stores voxels of a type that is not a plain number, such as complex or RGB. "
        "Save real numbers, best as float32."
    ),
    OutputFault.SHAPE_MISMATCH: (
        "The prediction has another shape than its input. Write one score per voxel, without resampling, "
        "cropping or transposing axes."
    ),
    OutputFault.NOT_A_NUMBER: (
        "The first line of the score file is not one number. Write a single number such as 0.5, with a point "
        "and nothing else on the line."
    ),
}
_FLAG_TEXTS = {
    Flag.CLAMPED: "Some scores were outside [0, 1] and were clamped. Scale your scores into [0, 1].",
    Flag.NAN: "Some scores were NaN and counted as 0. Look for divisions by zero.",
    Flag.CONSTANT: "All voxels have the same score. Nothing is told apart in this scan.",
    Flag.AFFINE_DIFFERS: (
        "The affine differs from the input's. Voxels are compared by index, so check your axes; "
        "copy the input's affine."
    ),
    Flag.TRAILING_DATA: "The file is longer than its header says; the surplus was ignored.",
    Flag.SQUEEZED: (
        "The file stores 8-bit whole numbers with a scale, as a header copied from the input makes it: 256 "
        "different scores are left at most, and those that became equal cost AP. Call "
        "header.set_data_dtype(np.float32) before you save."
    ),
    Flag.FEW_SCORES: (
        "The map has few different scores. Among equal ones nothing is told apart, which costs AP: write the "
        "scores as they come, as float32, without a threshold or rounding."
    ),
    Flag.NOT_GZIP: (
        "The file is called .nii.gz and is not compressed. It was read all the same; other programs may "
        "refuse it, so save it with nibabel under that name."
    ),
}
