"""The container's entry: scores every scan of a folder, by voxel or as a whole.

python3 -m mood_reference.scores.predict --task pixel --weights brain.npz -i /mnt/data -o /mnt/pred
"""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from mood_reference.scans.nifti import list_scans, read_scan, write_map, write_sample_score
from mood_reference.scores.scoring import RawScorer, calibrate_scan, calibrate_voxels, make_raw_scorer
from mood_reference.weights import Header, load_weights


def predict_scan(path: Path, out: Path, *, task: str, header: Header, score: RawScorer) -> None:
    """Write `name.nii.gz` (pixel) or `name.nii.gz.txt` (sample) for the scan `name.nii.gz`."""
    volume, image = read_scan(path)
    raw = score(volume)
    if task == "pixel":
        write_map(out / path.name, calibrate_voxels(raw, header), image)
    else:
        write_sample_score(out / f"{path.name}.txt", calibrate_scan(raw, header))


def predict_folder(scans: Path, out: Path, *, task: str, weights: Path) -> None:
    """Score every scan of a folder; the method is built once."""
    trained = load_weights(weights)
    score = make_raw_scorer(trained)
    out.mkdir(parents=True, exist_ok=True)
    for path in list_scans(scans):
        predict_scan(path, out, task=task, header=trained.header, score=score)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = ArgumentParser(description="Score every scan of a folder.")
    parser.add_argument("--task", choices=["sample", "pixel"], required=True)
    parser.add_argument("--weights", type=Path, required=True, help="what `mood-reference train` wrote")
    parser.add_argument("-i", "--input", type=Path, required=True, help="folder with *.nii.gz")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the predictions")
    options = parser.parse_args(arguments)
    predict_folder(options.input, options.output, task=options.task, weights=options.weights)


if __name__ == "__main__":
    main()
