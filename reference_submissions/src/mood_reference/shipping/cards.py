"""A model card in Markdown: what the weights of a method were learnt from, and how well they work."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mood_reference.methods import ABOUT, MethodName
from mood_reference.shipping.contexts import DATASETS
from mood_reference.shipping.wheels import digest_of
from mood_reference.weights import Header, load_weights

TIMES_CHANCE = 5  # pixel AP on spheres below this multiple of chance is no success
NO_SUCCESS = "Does not work at this budget."
KINDS = {"pixel": "voxels", "slices": "slices", "sample": "scans"}
Measured = Mapping[str, Any]  # ap, auroc and prevalence; without the first two where one class is missing


def validation_file(weights: Path) -> Path:
    """Return where `mood-reference evaluate --json` puts what a card tells of a weights file."""
    return weights.with_suffix(".validation.json")


def write_card(folder: Path) -> str:
    """Return the card of a folder with brain.npz, abdom.npz or both, and their validation scores if there."""
    files = [path for dataset in DATASETS if (path := folder / f"{dataset}.npz").is_file()]
    if not files:
        raise FileNotFoundError(f"{folder} holds neither brain.npz nor abdom.npz; train a method into it.")
    headers = {path: load_weights(path).header for path in files}
    names = {header.method for header in headers.values()}
    if len(names) > 1:
        raise ValueError(
            f"{folder} mixes weights of {' and '.join(sorted(names))}; give each its own folder."
        )
    lines = list(_introduce(MethodName(names.pop())))
    for path, header in headers.items():
        lines += _describe(path, header)
    return "\n".join(lines) + "\n"


def write_index(folders: Iterable[Path]) -> str:
    """Return a table of all cards: how well spheres are found, after how much training."""
    heads = ("method", "dataset", "voxels: AP", "AUROC", "scans: AP", "training, s", "a case, s", "file, MB")
    rows = [row for folder in folders for row in _list_rows(folder)]
    return "\n".join(
        (
            "# Model cards",
            "",
            "Scores on validation scans with spheres, one seed each. Chance: 0.5 for scans, for voxels the",
            "share of sphere voxels, about 0.003. `mood-reference pack` writes this page.",
            "",
            f"| {' | '.join(heads)} |",
            f"|---|---|{'--:|' * (len(heads) - 2)}",
            *(f"| {' | '.join(row)} |" for row in rows),
            "",
        )
    )


def _list_rows(folder: Path) -> Iterator[tuple[str, ...]]:
    for path in (folder / f"{dataset}.npz" for dataset in DATASETS):
        header, measured = load_weights(path).header, _read_validation(path)
        about, voxels, scans = ABOUT[MethodName(header.method)], measured.get("pixel"), measured.get("sample")
        note = (
            ""
            if works(list(_list_scores(path, header))) or about.trivial
            else ": does not work at this budget"
        )
        yield (
            f"[{about.title}]({header.method}.md){note}",
            header.dataset,
            _show(voxels, "ap"),
            _show(voxels, "auroc"),
            _show(scans, "ap"),
            f"{header.trained.get('seconds', 0):.0f}",
            f"{measured.get('seconds_per_case', float('nan')):.2f}",
            f"{path.stat().st_size / 1e6:.2f}",
        )


def _show(measured: Measured | None, name: str) -> str:
    return f"{measured[name]:.3f}" if measured and name in measured else ""


def _introduce(name: MethodName) -> Iterator[str]:
    about = ABOUT[name]
    yield f"# {about.title}"
    yield ""
    needs = "PyTorch, NumPy and nibabel" if about.torch else "NumPy and nibabel"
    yield f"Method `{name}`, thesis section {about.section}. Scoring needs {needs}."


def _describe(path: Path, header: Header) -> Iterator[str]:
    scores = list(_list_scores(path, header))
    yield from ("", f"## {header.dataset}")
    if not works(scores):
        yield from ("", f"**{NO_SUCCESS}**")
    yield from (
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {text} |" for name, text in _list_facts(path, header)),
    )
    if scores:
        yield from ("", "| Scored on | AP | AUROC | Chance AP |", "|---|---|---|---|")
        yield from (_format_scores(name, measured) for name, measured in scores)
    settings = ", ".join(f"`{name}={value}`" for name, value in header.config.items())
    yield from ("", f"Settings: {settings}.")


def _list_facts(path: Path, header: Header) -> Iterator[tuple[str, str]]:
    trained = header.trained
    data, scans = trained.get("data", {}), trained.get("scans", {})
    digest = f" (digest `{data['digest'][:12]}`)" if "digest" in data else ""
    yield (
        "learnt from",
        f"{scans.get('learnt', '?')} normal scans of {data.get('name', 'unnamed data')}{digest}",
    )
    yield "held out", f"{scans.get('held_out', '?')} more, to choose and to calibrate on"
    yield "profile, seed", f"{trained.get('profile', '?')}, {trained.get('seed', '?')}"
    yield "settings changed", ", ".join(trained.get("settings", [])) or "none"
    yield "trained in", f"{trained.get('seconds', '?')} s on {trained.get('machine', 'an unnamed machine')}"
    yield "file", f"`{path.name}`, {path.stat().st_size / 1e6:.2f} MB, SHA-256 `{digest_of(path)}`"
    measured = _read_validation(path)
    if "seconds_per_case" in measured:
        yield "time for a case", f"{measured['seconds_per_case']:.2f} s"


def _list_scores(path: Path, header: Header) -> Iterator[tuple[str, Measured]]:
    """Yield what was scored and how well; voxels come first, of validation scans where they were scored."""
    measured = _read_validation(path)
    for kind, unit in KINDS.items():
        if "ap" in measured.get(kind, {}):
            yield f"{unit} of {measured.get('data', 'validation')}", measured[kind]
    judged = header.trained.get("judged", [])
    if judged:
        yield "voxels of held-out scans with painted spheres", max(judged, key=lambda one: float(one["ap"]))


def _read_validation(path: Path) -> dict[str, Any]:
    file = validation_file(path)
    found: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    return found


def _format_scores(name: str, measured: Measured) -> str:
    return f"| {name} | {measured['ap']:.4f} | {measured['auroc']:.4f} | {measured['prevalence']:.4f} |"


def works(scores: list[tuple[str, Measured]]) -> bool:
    """Whether pixel AP on spheres is well above chance; unknown counts as yes."""
    pixel = next((measured for name, measured in scores if name.startswith("voxels")), None)
    return pixel is None or pixel["ap"] >= TIMES_CHANCE * pixel["prevalence"]
