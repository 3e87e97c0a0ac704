"""The command `prepare`: raw scans of real people become a cohort."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mood_evaluator.test_set import Dataset
from mood_test_sets.archives.source import Source
from mood_test_sets.archives.sources import find_sources
from mood_test_sets.archives.subject_table import read_subjects
from mood_test_sets.cli.findings_table import make_table
from mood_test_sets.cli.terminal import errors, progress_bar
from mood_test_sets.cohort_folder import CohortRole
from mood_test_sets.errors import ImportRefused, PreparingStopped
from mood_test_sets.findings import Finding, Severity
from mood_test_sets.preparing.health import find_unknown, tell_unknown
from mood_test_sets.preparing.masks import find_unclear, parse_lesions, settle, tell_values
from mood_test_sets.preparing.prepare import Prepared, Wishes, prepare
from mood_test_sets.preparing.preprocess import Preprocessing
from mood_test_sets.preparing.readers import Reading, read_table
from mood_test_sets.streams import Streams, read_secret

__all__ = ["prepare_command"]


WindowOption = Annotated[tuple[float, float], typer.Option(help="CT: HU that become 0 and 1.")]
FindingsOption = Annotated[
    list[Path] | None, typer.Option(help="A reader's table: scan, finding, scope, …; one per reader.")
]
NormalOption = Annotated[float, typer.Option(min=0, max=1, help="Of healthy subjects, for normal tests.")]
BaseOption = Annotated[float, typer.Option(min=0, max=1, help="Healthy subjects for anomalies.")]
FacesOption = Annotated[bool, typer.Option("--faces-removed", help="I checked that no face shows.")]
HealthyOption = Annotated[
    bool, typer.Option("--all-healthy", help="I know that everybody is healthy of whom nothing is said.")
]
LesionOption = Annotated[
    str | None,
    typer.Option(
        metavar="VALUES", help="What marks a lesion in masks of several values: 2,3, or none (organs alone)."
    ),
]
ScanOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="It is a scan, whatever it looks like; * stands for many; repeatable."),
]


def prepare_command(
    raw: Annotated[Path, typer.Argument(help="Folder with NIfTI files or DICOM series.")],
    out: Annotated[Path, typer.Argument(help="The new cohort.")],
    dataset: Annotated[Dataset, typer.Option(help="Anatomy and modality of the scans.")],
    secret: Annotated[Path, typer.Option(help="Keys ids and splits; see new-secret.")],
    side: Annotated[int, typer.Option(min=32, max=512, help="Voxels along each side.")] = 256,
    window: WindowOption = (-300.0, 500.0),
    findings: FindingsOption = None,
    consensus: Annotated[Path | None, typer.Option(help="The table of disagreements, settled.")] = None,
    subjects: Annotated[Path | None, typer.Option(help="Table with scan and subject.")] = None,
    normal_share: NormalOption = 0.2,
    base_share: BaseOption = 0.2,
    *,
    faces_removed: FacesOption = False,
    all_healthy: HealthyOption = False,
    lesion_labels: LesionOption = None,
    scan: ScanOption = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at a time.")] = 2,
) -> None:
    """Crop, shift to [0, 1], resample and split real scans, all in one and the same way.

    A mask is never a scan. MSD and nnU-Net (imagesTr, labelsTr, dataset.json),
    BIDS (derivatives, participants.tsv), BraTS (_seg), images/ beside labels/
    and NAME_mask beside NAME are read as what they are.

    Who has a marked lesion is a natural anomaly. Nobody is healthy by silence:
    a mask without a lesion, a line in --findings, a control in
    participants.tsv or --all-healthy says so; else you are asked.

    A scan that cannot be used is named with the reason and left out (exit
    code 1). Run again after a stop: it goes on. Then:
    mood-test-sets build RECIPE OUT --scans COHORT
    """
    _check_outside(raw, out)
    readings = [read_table(one) for one in findings or ()]
    settled = read_table(consensus) if consensus else {}
    lesions = parse_lesions(lesion_labels) if lesion_labels else None
    options, shares = Preprocessing(dataset, side, window), (normal_share, base_share)
    wishes = Wishes(options, shares, faces_removed, all_healthy, lesions)
    sources = find_sources(raw, read_subjects(subjects), scans=scan or ())
    if sys.stdin.isatty():
        sources, wishes = _ask(sources, wishes, [*readings, settled])
    sources = settle(sources, wishes.lesions)
    for told in tell_values(sources):
        errors.print(told, soft_wrap=True)
    done = _prepare(sources, out, wishes, read_secret(secret), readings, settled, jobs=jobs)
    _tell(done, out)
    if any(one.is_error for one in done.findings):
        raise typer.Exit(1)


def _check_outside(raw: Path, out: Path) -> None:
    """What was made would be read as raw at the next run. Raises ImportRefused."""
    if out.resolve().is_relative_to(raw.resolve()):
        raise ImportRefused(
            f"{out} lies in {raw}, where scans are searched for. Name a folder outside of it."
        )


def _prepare(
    sources: list[Source],
    out: Path,
    wishes: Wishes,
    streams: Streams,
    readings: list[dict[str, Reading]],
    settled: dict[str, Reading],
    *,
    jobs: int,
) -> Prepared:
    """With a bar; what was found is told even if it cannot end, or asks who is healthy."""
    with progress_bar() as bar:
        task = bar.add_task("preparing", total=None)
        try:
            return prepare(
                sources,
                out,
                wishes=wishes,
                streams=streams,
                tables=readings,
                settled=settled,
                jobs=jobs,
                on_scan=lambda count, total: bar.update(task, completed=count, total=total),
            )
        except ImportRefused:
            _print_table(_refused(sources))
            raise
        except PreparingStopped as stopped:
            _print_table(stopped.findings)
            raise


def _refused(sources: Sequence[Source]) -> list[Finding]:
    told = [(one.name, one.refusal) for one in sources if one.refusal is not None]
    return [
        Finding(Severity.ERROR if why.error else Severity.WARNING, why.defect, name, why.what, why.remedy)
        for name, why in told
    ]


def _ask(
    sources: list[Source], wishes: Wishes, readings: list[dict[str, Reading]]
) -> tuple[list[Source], Wishes]:
    """What only people know; `prepare` refuses what stays open."""
    if wishes.lesions is None and (unclear := find_unclear(sources)) is not None:
        said = typer.prompt(f"{unclear}\nWhich of them are abnormal (such as 2,3; or none)?", err=True)
        wishes = replace(wishes, lesions=parse_lesions(said))
    sources = settle(sources, wishes.lesions)
    unknown = [] if wishes.all_healthy else find_unknown(sources, readings)
    if unknown:
        _print_table(_refused(sources))
        count = sum(one.refusal is None for one in sources)
        healthy = typer.confirm(f"{tell_unknown(unknown, count)}\nAre all of them healthy?", err=True)
        wishes = replace(wishes, all_healthy=healthy)
    return sources, wishes


def _print_table(findings: Sequence[Finding]) -> None:
    if findings:
        wide = Console(stderr=True, highlight=False, width=None if errors.is_terminal else 160)
        wide.print(make_table(findings))


def _tell(done: Prepared, out: Path) -> None:
    _print_table(done.findings)
    if done.consensus.agreement is not None:
        kappa = "" if done.consensus.kappa is None else f", Cohen's kappa {done.consensus.kappa:.2f}"
        errors.print(f"Readers agree on {done.consensus.agreement:.0%} of the scans{kappa}.")
    if done.consensus.unsettled:
        table = out.with_name(f"{out.name}.consensus.csv")
        errors.print(
            f"{len(done.consensus.unsettled)} scans to settle in {table}; then --consensus.", soft_wrap=True
        )
    if done.cohort is None:
        errors.print("No scan can be used: nothing was written.", style="red")
        return
    if all(scan.role is CohortRole.NATURAL for scan in done.cohort.scans):
        errors.print(
            "Nobody is healthy. If the masks show organs alone: --lesion-labels none", style="yellow"
        )
    counts = ", ".join(f"{sum(1 for _ in done.cohort.of(role))} {role}" for role in CohortRole)
    text = f"wrote {out}: {len(done.cohort.scans)} of {done.scans} scans ({counts})"
    errors.print(f"{text}. key.csv tells whose they are: keep it.", soft_wrap=True)
