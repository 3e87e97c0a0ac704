"""Objects beside a slow twin, word by word from docs/object-level.md, with fractions instead of floats."""

import itertools
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from mood_evaluator.objects import ScanObjects, find_components, match_objects
from mood_evaluator.objects.matching import least_voxels

Mask = npt.NDArray[np.bool_]
Place = tuple[int, int, int]
STEPS = [step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)]
SIZES = (Fraction(1), Fraction(7, 10), Fraction(1, 2), Fraction(13, 10), Fraction(11, 5))


@dataclass
class Thing:
    """One object of the twin."""

    places: list[Place]

    @property
    def mean(self) -> list[Fraction]:
        return [Fraction(sum(place[axis] for place in self.places), len(self.places)) for axis in range(3)]

    @property
    def centre(self) -> Place:
        x, y, z = (round(axis) for axis in self.mean)  # Python rounds half to even
        return x, y, z

    @property
    def nearest(self) -> Place:
        return min(
            self.places, key=lambda p: (sum((a - b) ** 2 for a, b in zip(p, self.mean, strict=True)), p)
        )

    @property
    def own(self) -> Place:
        return self.centre if self.centre in self.places else self.nearest


def walk(mask: Mask) -> list[Thing]:
    left = {(int(x), int(y), int(z)) for x, y, z in np.argwhere(mask)}
    found = []
    while left:
        edge, own = [min(left)], []
        left -= set(edge)
        while edge:
            x, y, z = edge.pop()
            own.append((x, y, z))
            near = {(x + a, y + b, z + c) for a, b, c in STEPS} & left
            left -= near
            edge += near
        found.append(Thing(sorted(own)))
    return found


def twin(
    mask: Mask, scores: Mask, truth: Mask, voxel: Fraction, least: Fraction
) -> list[tuple[int, int | None]]:
    """Return (voxels, found reference) of each predicted object that is kept."""
    wanted = walk(truth)
    kept = [thing for thing in walk(mask) if len(thing.places) * voxel >= least]
    peaks = [max(float(scores[place]) for place in thing.places) for thing in kept]
    order = sorted(range(len(kept)), key=lambda k: (-peaks[k], -len(kept[k].places), kept[k].own))
    matched: dict[int, int] = {}
    for k in order:
        for number, target in enumerate(wanted):
            hollow = target.centre not in target.places
            own = kept[k].own if hollow else kept[k].centre
            pair = len(kept[k].places), len(target.places)
            if own in target.places and max(pair) <= 2 * min(pair) and number not in matched.values():
                matched[k] = number
                break
    return [(len(thing.places), matched.get(k)) for k, thing in enumerate(kept)]


def scene(random: np.random.Generator) -> tuple[Mask, npt.NDArray[np.float32], Mask]:
    """Blocks of even size, rings, noise, shifted copies: what sits on .5, is hollow, or ties."""
    shape = tuple(random.integers(3, 9, 3))
    truth, mask = np.zeros((2, *shape), np.bool_)
    for target in (truth, mask, mask):
        for _ in range(random.integers(0, 3)):
            start = [random.integers(0, size) for size in shape]
            box = tuple(slice(a, a + random.integers(1, 5)) for a in start)
            target[box] = True
            if random.random() < 0.4:  # a shell
                target[tuple(slice(one.start + 1, one.stop - 1) for one in box)] = False
    if random.random() < 0.7:
        mask = np.roll(truth, random.integers(-1, 2, 3), (0, 1, 2))
    mask ^= random.random(shape) < random.choice([0.0, 0.0, 0.03, 0.15])
    levels = random.integers(1, 5)
    scores = np.where(mask, random.integers(1, levels + 1, shape) / levels, 0).astype(np.float32)
    return mask, scores, truth


def test_a_thousand_scenes_have_the_objects_of_the_twin() -> None:
    random = np.random.default_rng(19)
    matches = 0
    for _ in range(1_000):
        mask, scores, truth = scene(random)
        voxel = SIZES[random.integers(5)] * SIZES[random.integers(5)] * SIZES[random.integers(5)]
        reference = find_components(truth)
        smallest = min((one.voxels for one in reference.objects), default=2)
        least = float(voxel) * smallest / 2  # as it is computed from the labels
        got: ScanObjects = match_objects(
            find_components(mask, min_voxels=least_voxels(least, float(voxel)), scores=scores),
            reference,
            voxel_volume=float(voxel),
            min_volume=least,
        )
        expected = twin(mask, scores, truth, voxel, voxel * smallest / 2)
        found = [(round(one.volume / float(voxel)), one.matched) for one in got.predicted]
        assert found == expected
        matches += sum(number is not None for _, number in expected)
    assert matches > 100


def test_the_centre_of_mass_is_rounded_in_the_volume_wherever_the_object_lies() -> None:
    for shift in range(4):
        mask = np.zeros((12, 3, 3), np.bool_)
        mask[1 + shift : 3 + shift, 1, 1] = True
        assert find_components(mask).objects[0].centre_of_mass == (round(1.5 + shift), 1, 1)


def test_an_object_of_exactly_half_the_smallest_reference_is_kept_for_every_size_of_voxels() -> None:
    for size in np.random.default_rng(3).uniform(0.2, 3, (4_000, 3)):
        voxel = float(np.float32(size).astype(np.float64).prod())
        for voxels in (3, 7, 50):
            least = least_voxels(2 * voxels * voxel / 2, voxel)
            assert voxels - 1 < least <= voxels
