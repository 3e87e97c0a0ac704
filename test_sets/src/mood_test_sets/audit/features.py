"""What a container could see of a case besides its content, as numbers."""

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mood_evaluator.nifti_header import read_header
from mood_evaluator.test_set import ManifestCase
from mood_test_sets.nifti import read_voxels
from mood_test_sets.volume import FULL

__all__ = ["container_features", "outside_features"]

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
GZIP = {"flags": 3, "extra flags": 8, "system": 9}  # places in the first ten bytes


def container_features(folder: Path, case: ManifestCase, *, place: int) -> dict[str, float]:
    """Name, place in the list, time stamp, gzip and NIfTI header, grid; texts count as checksums.

    The size of the file is content: a blurred scan compresses better whoever wrote it. What remains of it
    outside a local anomaly is measured by `outside_features`.
    """
    path = folder / case.image
    content = path.read_bytes()
    header = read_header(io.BytesIO(gzip.decompress(content)))
    found = {
        "name": int(case.id[:12], 16) / 16**12,
        "place in the list": float(place),
        "time stamp": float(path.stat().st_mtime),
        "gzip time": float(int.from_bytes(content[4:8], "little")),
        "header size": float(header["vox_offset"]),
    }
    found |= {f"gzip {name}": float(content[at]) for name, at in GZIP.items()}
    return found | dict(_header_fields(header))


def _header_fields(header: Any) -> Iterator[tuple[str, float]]:
    for name in header:
        field = np.atleast_1d(header[name])
        if field.dtype.kind in "SV":
            yield f"header {name}", float(zlib.crc32(field.tobytes()))
        else:
            for index, value in enumerate(field):
                yield f"header {name}{index if field.size > 1 else ''}", float(np.nan_to_num(value))


def outside_features(folder: Path, case: ManifestCase, mask: NDArray[np.bool_]) -> Mapping[str, float]:
    """Values, grain, rounding and compressed size of what lies outside a mask.

    A normal case is measured outside the mask of an abnormal one, so that both miss a like region.
    """
    values = read_voxels(folder / case.image)
    kept = values[~mask & (values > 0)].astype(np.float64)
    steps = np.abs(np.diff(values, axis=0))[(~mask[1:] & ~mask[:-1]) & (values[1:] > 0) & (values[:-1] > 0)]
    levels = np.rint(kept * FULL).astype(np.int64)
    levels = levels[levels < FULL]  # what was clipped says nothing of rounding
    blanked = np.where(mask, np.float32(0), values)
    found = {f"value at {share:g}": float(np.quantile(kept, share)) for share in QUANTILES}
    return found | {
        "share of zeros": float((values[~mask] == 0).mean()),
        "grain": float(np.median(steps)) if steps.size else 0.0,
        "odd levels": float((levels % 2).mean()),
        "levels on a grid of 8": float((levels % 8 == 0).mean()),
        "distinct values": float(np.unique(levels).size),
        "compressed size": float(len(zlib.compress((blanked * FULL).astype("<u2").tobytes(), 1))),
    }
