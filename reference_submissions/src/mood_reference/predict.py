"""The container's entry: scores every scan of a folder, by voxel or as a whole.

python3 -m mood_reference.predict --task pixel --weights brain.npz -i /mnt/data -o /mnt/pred
"""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from mood_reference.data import list_scans, read_scan, write_map, write_sample_score
from mood_reference.scoring import score_sample, score_voxels
from mood_reference.weights import Weights, load_weights


def predict_scan(path: Path, out: Path, *, task: str, weights: Weights) -> None:
    """Write `name.nii.gz` (pixel) or `name.nii.gz.txt` (sample) for the scan `name.nii.gz`."""
    volume, image = read_scan(path)
    if task == "pixel":
        write_map(out / path.name, score_voxels(volume, weights), image)
    else:
        write_sample_score(out / f"{path.name}.txt", score_sample(volume, weights))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = ArgumentParser(description="Score every scan of a folder.")
    parser.add_argument("--task", choices=["sample", "pixel"], required=True)
    parser.add_argument("--weights", type=Path, required=True, help="what `mood-reference train` wrote")
    parser.add_argument("-i", "--input", type=Path, required=True, help="folder with *.nii.gz")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the predictions")
    options = parser.parse_args(arguments)
    weights = load_weights(options.weights)
    for path in list_scans(options.input):
        predict_scan(path, options.output, task=options.task, weights=weights)


if __name__ == "__main__":
    main()
