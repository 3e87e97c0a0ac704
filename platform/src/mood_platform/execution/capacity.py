"""How many cases one machine carries at once, by what a case may use: more of them starve each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mood_platform.execution.limits import GIB, Limits

UNKNOWN: Mapping[str, Limits] = {"one core": Limits(cpus=1, memory=GIB, gpus=0)}
"""What is reckoned with where no edition says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What an Engine has to give."""

    cores: float
    memory: int
    gpus: int | None = None  # None: cases run without one

    def carries(self, limits: Limits) -> int:
        """So many cases at once, each with all that it may use; none ever gets more cores than there are."""
        counts = [
            int(self.cores / min(limits.cpus, self.cores)),
            self.memory // limits.memory,
        ]
        if self.gpus is not None and limits.gpus:
            counts.append(self.gpus // limits.gpus)
        return min(counts)

    def overload(self, name: str, limits: Limits, *, cases: int) -> str | None:
        """What so many cases ask for beyond what there is, in numbers; None: it is enough."""
        if cases <= self.carries(limits):
            return None
        each = min(limits.cpus, self.cores)
        asked = [
            _beyond(cases * each, self.cores, "cores", "{:g}"),
            _beyond(cases * limits.memory / GIB, self.memory / GIB, "GiB of memory", "{:.1f}"),
            "" if self.gpus is None else _beyond(cases * limits.gpus, self.gpus, "GPUs", "{}"),
        ]
        return f"{cases} cases of {name} at once may use {', '.join(filter(None, asked))}"

    def shortfall(self, limits: Limits) -> list[str]:
        """What a single case does not get here, although it may use it."""
        told = {
            f"a case may use {limits.cpus:g} cores and gets {self.cores:g} here": limits.cpus > self.cores,
            f"a case may use {limits.memory / GIB:.1f} GiB of memory, and here are {self.memory / GIB:.1f}": (
                limits.memory > self.memory
            ),
        }
        return [sentence for sentence, lacks in told.items() if lacks]


def machine_of(engine: Mapping[str, Any], *, gpus: int | None = None) -> Machine:
    """Of what an Engine says of itself (`docker info`)."""
    return Machine(cores=float(engine["NCPU"]), memory=int(engine["MemTotal"]), gpus=gpus)


def _beyond(asked: float, there: float, what: str, form: str) -> str:
    return f"{form.format(asked)} of {form.format(there)} {what}" if asked > there else ""
