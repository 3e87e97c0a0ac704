"""Pixel-level AP of a batch: the published MOOD evaluation, scikit-learn, and this evaluator, side by side.

The volumes are made once; each method then runs in a process of its own, so that its peak memory is its own.
A volume is an ellipsoid of noisy float32 scores on a background of zeros, with one anomaly; every method
reads the same files.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
from isal import igzip
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mood_evaluator import Evidence, PixelCase, Quantizer, kernels, pooled_aps, score_pixel_case, sum_evidence

Aps = dict[str, float]


@dataclass(frozen=True)
class Work:
    """What every method is given."""

    folder: Path
    side: int
    threads: int

    @property
    def predictions(self) -> list[Path]:
        return sorted((self.folder / "predictions").iterdir())

    def label(self, prediction: Path) -> Path:
        return self.folder / "labels" / prediction.name

    @property
    def cases(self) -> list[PixelCase]:
        shape = (self.side,) * 3
        return [PixelCase(path.name, path, self.label(path), shape) for path in self.predictions]


def published(work: Work) -> Aps:
    """Read as float16, concatenate, call scikit-learn: as the published evaluation does."""
    from sklearn.metrics import average_precision_score  # here, so that its memory is this method's alone

    labels, scores = [], []
    for path in work.predictions:
        truth = nib.Nifti1Image.from_filename(work.label(path)).get_fdata()
        labels.append((np.clip(np.rint(truth).astype(int), 0, 1) == 1).reshape(-1))
        scores.append(
            np.clip(nib.Nifti1Image.from_filename(path).get_fdata(dtype=np.float16), 0, 1).reshape(-1)
        )
    return {"mood2020": float(average_precision_score(np.concatenate(labels), np.concatenate(scores)))}


def sklearn_float32(work: Work) -> Aps:
    """Read as float32, concatenate, call scikit-learn."""
    from sklearn.metrics import average_precision_score

    labels, scores = [], []
    for path in work.predictions:
        labels.append(np.asarray(nib.Nifti1Image.from_filename(work.label(path)).dataobj).reshape(-1) > 0)
        scores.append(np.asarray(nib.Nifti1Image.from_filename(path).dataobj, np.float32).reshape(-1))
    return {"float32": float(average_precision_score(np.concatenate(labels), np.concatenate(scores)))}


def zlib_decompression(work: Work) -> Aps:
    """Only inflate predictions and labels, as Python's gzip and nibabel do."""
    return _inflate(work, gzip.open)


def isal_decompression(work: Work) -> Aps:
    """Only inflate them with the library that this evaluator inflates with."""
    return _inflate(work, igzip.open)


def _inflate(work: Work, opened: Callable[..., Any]) -> Aps:
    def inflate(path: Path) -> None:
        for name in (path, work.label(path)):
            with opened(name, "rb") as file:
                while file.read(1 << 22):
                    pass

    _each(work, inflate, work.predictions)
    return {}


def evidence(work: Work) -> Aps:
    """Take the Evidence of each scan, and pool it."""

    def of_case(case: PixelCase) -> Evidence:
        found = score_pixel_case(case.prediction, label=case.label, shape=case.shape, exact=False).evidence
        assert found is not None
        return found

    pooled = sum_evidence(_each(work, of_case, work.cases))
    return {"mood2020": pooled.ap(Quantizer.MOOD2020), "two-sided": pooled.ap(Quantizer.TWO_SIDED)}


def evidence_without_numba(work: Work) -> Aps:
    """Do the same with NumPy's loops: `kernels` finds no Numba in this process."""
    return evidence(work)


def exact(work: Work) -> Aps:
    """Pool the float32 scores in two passes."""
    ids = [case.id for case in work.cases]
    return {"float32": pooled_aps(work.cases, [ids], threads=work.threads)[0]}


def case_by_case(work: Work) -> Aps:
    """Take Evidence and exact AP of each scan by itself, as a worker does."""
    found = [score_pixel_case(case.prediction, label=case.label, shape=case.shape) for case in work.cases]
    return {"first scan": found[0].case_ap or 0.0}


METHODS: dict[str, Callable[[Work], Aps]] = {
    "published": published,
    "sklearn-float32": sklearn_float32,
    "zlib": zlib_decompression,
    "isal": isal_decompression,
    "evidence": evidence,
    "evidence-numpy": evidence_without_numba,
    "exact": exact,
    "case-by-case": case_by_case,
}
SLOW = ("published", "sklearn-float32")  # once; of the others the median of three runs
COMPILED = ("evidence", "exact", "case-by-case")
SINGLE = (*SLOW, "case-by-case")  # these know no threads


def _each(work: Work, function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    with ThreadPoolExecutor(work.threads) as pool:
        return list(pool.map(function, items))


def write_volumes(folder: Path, *, count: int, side: int) -> None:
    """Write `count` predictions and labels of `side`³ voxels."""
    for name in ("predictions", "labels"):
        (folder / name).mkdir(parents=True)
    for index in track(range(count), description="Writing volumes"):
        scores, label = _draw(np.random.default_rng(index), side)
        for name, voxels in (("predictions", scores), ("labels", label)):
            nib.Nifti1Image(voxels, np.eye(4)).to_filename(folder / name / f"{index:03}.nii.gz")


def _draw(random: np.random.Generator, side: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij", sparse=True)
    body = (x / 0.8) ** 2 + (y / 0.95) ** 2 + (z / 0.75) ** 2 < 1
    centre = random.uniform(-0.4, 0.4, 3).astype(np.float32)
    anomaly = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2 < random.uniform(
        0.1, 0.3
    ) ** 2
    residual = np.abs(random.standard_normal((side,) * 3, np.float32)) * 0.15
    scores = np.where(body, np.clip(residual + 0.2 * anomaly, 1e-6, 1), 0)
    return scores.astype(np.float32), (anomaly & body).astype(np.uint8)


def measure(name: str, work: Work) -> dict[str, Any]:
    """Run a method in processes of its own."""
    arguments = [sys.executable, __file__, "--run", name, "--folder", str(work.folder)]
    arguments += ["--side", str(work.side), "--threads", str(work.threads)]
    rounds = 1 if name in SLOW else 3
    found = [_run_once(arguments) for _ in range(rounds)]
    return sorted(found, key=lambda row: float(row["seconds"]))[rounds // 2]


def _run_once(arguments: list[str]) -> dict[str, Any]:
    return dict(json.loads(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout))


def run_here(name: str, work: Work) -> None:
    """Run a method and print what it took."""
    if name == "evidence-numpy":
        kernels._load = lambda: None
    elif name in COMPILED:
        kernels.prepare_kernels()  # once a process
    start = time.perf_counter()
    aps = METHODS[name](work)
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024  # of this program, not of who started it
    sys.stdout.write(json.dumps({"seconds": seconds, "peak": peak, "aps": aps}))


def show(found: dict[str, dict[str, Any]], title: str) -> None:
    """Print times, peaks and APs."""
    table = Table("method", "threads", "seconds", "peak MB", "AP", title=title)
    for name, row in found.items():
        aps = "  ".join(f"{key} {value!r}" for key, value in row["aps"].items())
        method, threads = name.split("/")
        table.add_row(method, threads, f"{row['seconds']:.2f}", f"{row['peak']:.0f}", aps)
    Console(width=150).print(table)


def show_bars(found: dict[str, dict[str, Any]], threads: int) -> None:
    """Print which bars hold."""
    table = Table("bar", "found", "", title="Bars")
    for text, value, held in _bars(found, threads):
        table.add_row(text, value, "[green]holds" if held else "[red]missed")
    Console(width=150).print(table)


def _bars(found: dict[str, dict[str, Any]], threads: int) -> list[tuple[str, str, bool]]:
    old, twin = found["published/1"], found["sklearn-float32/1"]
    fast, full = found[f"evidence/{threads}"], found[f"exact/{threads}"]
    faster, smaller = old["seconds"] / fast["seconds"], old["peak"] / fast["peak"]
    exact_faster, exact_smaller = twin["seconds"] / full["seconds"], twin["peak"] / full["peak"]
    rows = [
        ("mood2020 AP is the published evaluation's within 1e-12", "", _equal(old, fast, "mood2020")),
        ("mood2020 at least 100 times faster", f"{faster:.1f}", faster >= 100),
        ("mood2020 in at most 1/55 of the memory", f"1/{smaller:.1f}", smaller >= 55),
        ("float32 AP is scikit-learn's within 1e-12", "", _equal(twin, full, "float32")),
        ("float32 at least 30 times faster", f"{exact_faster:.1f}", exact_faster >= 30),
        ("float32 in at most 1/20 of the memory", f"1/{exact_smaller:.1f}", exact_smaller >= 20),
    ]
    for count in sorted({1, threads}):
        for method, bar in (("evidence", 1.5), ("evidence-numpy", 2.0)):
            ratio = found[f"{method}/{count}"]["seconds"] / found[f"isal/{count}"]["seconds"]
            text = f"{method} in at most {bar} times the decompression by ISA-L, {count} thread(s)"
            rows.append((text, f"{ratio:.2f}", ratio <= bar))
    return rows


def _equal(one: dict[str, Any], other: dict[str, Any], name: str) -> bool:
    return abs(one["aps"][name] - other["aps"][name]) <= 1e-12


def main() -> None:
    """Write the volumes, run all methods, print tables."""
    options = _parse()
    if options.run:
        run_here(options.run, Work(options.folder, options.side, options.threads))
        return
    with tempfile.TemporaryDirectory() as home:
        folder = options.folder or Path(home)
        found = compare(folder / f"{options.volumes}x{options.side}", options.volumes, options.side, options)
        if set(METHODS) <= set(options.methods):
            show_bars(found, options.threads)
            large = compare(folder / "1x512", 1, 512, options, ["evidence", "exact", "case-by-case"])
            peak = max(row["peak"] for row in large.values())
            Console().print(
                f"A volume of 512³: at most {peak:.0f} MB, {'holds' if peak < 1_500 else 'missed'}"
            )


def compare(
    folder: Path, volumes: int, side: int, options: argparse.Namespace, methods: list[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Write the volumes where they are not yet there, measure all methods, show the table."""
    if not folder.is_dir():
        write_volumes(folder, count=volumes, side=side)
    found = {
        f"{name}/{threads}": measure(name, Work(folder, side, threads))
        for name in methods or options.methods
        for threads in ([1] if name in SINGLE else sorted({1, options.threads}))
    }
    show(found, f"{volumes} volume(s) of {side}³")
    return found


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volumes", type=int, default=20)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keep the volumes here, and use those that are here")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--run", choices=METHODS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
