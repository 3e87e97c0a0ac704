"""What only shows when all scans are known: doubles, other axes and grids, and what some of them have."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mood_test_sets.findings import Defect, Findings
from mood_test_sets.importing.scans import Facts, by
from mood_test_sets.reading.lookalikes import NEARLY_ALL, find_lookalikes
from mood_test_sets.reading.scan_file import read_scan_file

__all__ = ["compare_scans"]

OBLIQUE = 1.0  # degrees that are told


@dataclass(frozen=True, slots=True)
class Trait:
    """What some scans have; told in one line, however many they are."""

    defect: Defect
    what: str
    remedy: str
    has: Callable[[Facts], bool]
    seen: Callable[[Facts], str]  # in a few words, of the first
    off: Callable[[Facts], float] = lambda _: 0.0  # the one that is farthest off comes first


def _range(one: Facts) -> str:
    return f"{one.low:g} to {one.high:g}"


TRAITS = (
    Trait(
        Defect.RANGE,
        "leave 0..1",
        "Scale them as the training scans are scaled: methods expect that.",
        has=lambda one: one.low < 0 or one.high > 1,
        seen=_range,
    ),
    Trait(
        Defect.SCALED,
        "store whole numbers with a slope, which is applied",
        "Nothing, if slope and intercept are what you mean.",
        has=lambda one: one.scaled,
        seen=_range,
    ),
    Trait(
        Defect.TELLING_HEADER,
        "have words in their headers",
        "Nothing: words, names and dates are not imported.",
        has=lambda one: bool(one.texts),
        seen=lambda one: repr(one.texts[0]),
    ),
    Trait(
        Defect.NO_ORIENTATION,
        "do not say how their axes lie in the body",
        "Make sure that they lie as in the training scans.",
        has=lambda one: not one.placed,
        seen=lambda _: "no sform, no qform",
    ),
    Trait(
        Defect.OBLIQUE,
        "are oblique to the axes of the body",
        "Nothing, if the training scans are, too; else resample scans and labels.",
        has=lambda one: one.placed and one.oblique.degrees > OBLIQUE,
        seen=lambda one: str(one.oblique),
        off=lambda one: one.oblique.mm,
    ),
    Trait(
        Defect.FORMS_DIFFER,
        "have an sform and a qform that differ; the sform is taken",
        "Correct the one that is wrong; look at left and right.",
        has=lambda one: one.placed and one.conflict is not None,
        seen=lambda one: str(one.conflict),
        off=lambda one: one.conflict.mm if one.conflict else 0.0,
    ),
)


def compare_scans(facts: Sequence[Facts], images: Path, findings: Findings) -> None:
    """`facts` of the scans in the folder `images` that can be used."""
    if not facts:
        return
    for name, what in _find_doubles(facts):
        findings.error(Defect.DUPLICATE, images / name, what, "Keep one of them.")
    _tell_of_lookalikes(facts, images, findings)
    _compare_axes(facts, images, findings)
    _compare_grids(facts, images, findings)
    for trait in TRAITS:
        if which := sorted(filter(trait.has, facts), key=lambda one: -trait.off(one)):
            what = (
                f"{len(which)} of {len(facts)} scans {trait.what} ({which[0].name}: {trait.seen(which[0])})."
            )
            findings.warn(trait.defect, images, what, trait.remedy)


def _find_doubles(facts: Sequence[Facts]) -> Iterator[tuple[str, str]]:
    """The later one, and what it is."""
    files: dict[str, str] = {}
    voxels: dict[str, str] = {}
    for one in facts:
        first, twin = files.setdefault(one.sha256, one.name), voxels.setdefault(one.voxels_sha256, one.name)
        if first != one.name:
            yield one.name, f"It is the same file as {first}."
        elif twin != one.name:
            yield one.name, f"It has the same voxels as {twin}."


def _tell_of_lookalikes(facts: Sequence[Facts], images: Path, findings: Findings) -> None:
    """A warning where they differ in one place: a lesion may have been put into one of them."""
    single = {one.voxels_sha256: one for one in reversed(facts)}  # the first of each
    sketches = [one.sketch for one in facts if single[one.voxels_sha256] is one]
    for two in find_lookalikes(
        sketches, lambda name: read_scan_file(images / name).canonical, share=NEARLY_ALL
    ):
        like = "the mirror image of" if two.mirrored else "but for noise, scale or orientation the same as"
        if two.spot:
            what = f"It is {like} {two.first}, other than in one place."
            findings.warn(
                Defect.DUPLICATE, images / two.other, what, "Nothing, if one person may count twice."
            )
        else:
            findings.error(
                Defect.DUPLICATE, images / two.other, f"It is {like} {two.first}.", "Keep one of them."
            )


def _compare_axes(facts: Sequence[Facts], images: Path, findings: Findings) -> None:
    counts = Counter(one.axes for one in facts if one.placed)
    usual = max(sorted(counts), key=lambda axes: counts[axes], default="RAS")
    for one in facts:
        if one.placed and one.axes != usual:
            what = f"Its axes point to {one.axes}, those of most scans to {usual}."
            remedy = "Bring all scans into the same orientation."
            findings.warn(Defect.ORIENTATION, images / one.name, what, remedy)
    if usual != "RAS":
        what = f"The scans' axes point to {usual}, not to RAS (right, anterior, superior)."
        findings.warn(Defect.NOT_RAS, images, what, "Make sure that the training scans lie in the same way.")


def _compare_grids(facts: Sequence[Facts], images: Path, findings: Findings) -> None:
    spacings = sorted({tuple(round(side, 3) for side in one.spacing) for one in facts})
    if len(spacings) > 1:
        what = f"Voxels measure from {by(spacings[0])} to {by(spacings[-1])} mm."
        findings.warn(Defect.SPACINGS_DIFFER, images, what, "Resample, if the training scans are resampled.")
    shapes = sorted({one.shape for one in facts})
    if len(shapes) > 1:
        what = f"Shapes go from {by(shapes[0])} to {by(shapes[-1])}."
        findings.warn(
            Defect.SHAPES_DIFFER, images, what, "Crop or pad, if the training scans are of one shape."
        )
