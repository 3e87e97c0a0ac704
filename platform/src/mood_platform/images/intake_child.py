"""Checks an archive in a child process with bounded memory, processor time and wall time.

Python's own tar reader can be made to allocate gigabytes by a small file; here that ends the child, and
the participant reads a clear rejection. A child that ends in any other way, or is not given the time, says
nothing about the archive: that is Transient. Run as a program: SOURCE TARGET LIMIT ROOM MEMORY CPU_SECONDS.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

from mood_platform.errors import SubmissionFault, Transient
from mood_platform.failures import FailureReason
from mood_platform.images.archive import NoRoom, rewrite_archive
from mood_platform.images.image_config import ImageFacts

_MIB = 2**20
_MEMORY = 768 * _MIB
_SLACK = 128 * _MIB
_BASE_SECONDS = 120
_SLOWEST_RATE = 16 * _MIB  # bytes of the upload a second
_NO_BOUND = 2**63 - 1
_PATIENCE = 4  # wall time over processor time: a busy machine is not the archive's doing


def check_image(
    source: Path, target: Path, *, limit: int, room: int = _NO_BOUND, memory: int = _MEMORY
) -> ImageFacts:
    """Checks `source` and writes the clean archive to `target`; SubmissionFault if the image is unfit.

    `limit` bounds the unpacked image, `memory` what the check may allocate, both in bytes. NoRoom: the clean
    archive would take more than `room`, and not a byte of it was written. OSError: the disk is full or the
    store is away; Transient: the check ended otherwise, and says nothing about the archive.
    """
    cpu_seconds = _BASE_SECONDS + source.stat().st_size // _SLOWEST_RATE
    numbers = [str(number) for number in (limit, room, memory, cpu_seconds)]
    command = [sys.executable, "-I", "-m", __spec__.name, str(source), str(target), *numbers]
    try:
        child = subprocess.run(command, capture_output=True, timeout=_PATIENCE * cpu_seconds, check=False)
        return _read_answer(child)
    except subprocess.TimeoutExpired:
        target.unlink(missing_ok=True)
        raise _transient("was not given the time it needs") from None
    except SubmissionFault:
        target.unlink(missing_ok=True)
        raise


def inspect_image(source: Path, *, limit: int, memory: int = _MEMORY) -> ImageFacts:
    """As `check_image`, without a copy: for that there is no room."""
    nowhere = source.with_name(f"{source.name}.none")
    try:
        return check_image(source, nowhere, limit=limit, room=0, memory=memory)
    except NoRoom as told:
        return told.facts


def _read_answer(child: subprocess.CompletedProcess[bytes]) -> ImageFacts:
    if child.returncode == -signal.SIGXCPU:
        raise SubmissionFault(FailureReason.IMAGE_TOO_COMPLEX, "The check took too long.")
    if child.returncode != 0:
        last = child.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise _transient(f"ended with {child.returncode}: {last[0]}")
    answer = json.loads(child.stdout)
    if "outage" in answer:
        raise OSError(f"The image check could not read or write: {answer['outage']}.")
    if "fault" in answer:
        raise SubmissionFault(FailureReason(answer["fault"]), answer["detail"])
    if "no_room" in answer:
        raise NoRoom(ImageFacts.from_json(answer["no_room"]))
    return ImageFacts.from_json(answer["facts"])


def _transient(what: str) -> Transient:
    return Transient(f"The image check {what}.", remedy="It is tried again.")


def _confine(*, memory: int, cpu_seconds: int, file_size: int) -> None:
    """Limits count from here: what Python and its packages have mapped already is not the archive's doing."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    address_space = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))


def _answer(source: Path, target: Path, *, limit: int, room: int) -> dict[str, object]:
    try:
        return {"facts": rewrite_archive(source, target, limit=limit, room=room).to_json()}
    except NoRoom as error:
        return {"no_room": error.facts.to_json()}
    except SubmissionFault as fault:
        return {"fault": fault.reason, "detail": fault.detail}
    except MemoryError:
        return {"fault": FailureReason.IMAGE_TOO_COMPLEX, "detail": "The check ran out of memory."}
    except RecursionError:
        return {"fault": FailureReason.IMAGE_TOO_COMPLEX, "detail": "Its headers are nested without end."}
    except OSError as error:
        return {"outage": str(error)}


def main(arguments: list[str]) -> None:
    """The child's side."""
    source, target = Path(arguments[0]), Path(arguments[1])
    limit, room, memory, cpu_seconds = (int(number) for number in arguments[2:6])
    _confine(memory=memory, cpu_seconds=cpu_seconds, file_size=limit + _SLACK)
    sys.stdout.write(json.dumps(_answer(source, target, limit=limit, room=room)))


if __name__ == "__main__":
    main(sys.argv[1:])
