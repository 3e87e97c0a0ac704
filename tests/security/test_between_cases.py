"""What one case can tell or take from another: through the image they share, and through the kernel."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import docker
import pytest

from mood_platform.contract import GROUP
from mood_platform.execution.container_options import Names, holder_name, users_of_cases
from mood_platform.execution.docker import DockerRuntime
from mood_platform.execution.runtime import CaseJob

pytestmark = pytest.mark.docker
Run = Callable[..., Any]
Python = Callable[[str], str]

STORE = (
    "RUN head -c 1048576 /dev/urandom > /workspace/store.bin"
    " && chown 65532 /workspace/store.bin && chmod a+r /workspace/store.bin"
)
SAY = """
import os
store = os.open('/workspace/store.bin', os.O_RDONLY)
os.posix_fadvise(store, 0, 0, os.POSIX_FADV_DONTNEED)
os.posix_fadvise(store, 0, 0, os.POSIX_FADV_RANDOM)
for page, bit in enumerate(''.join(f'{byte:08b}' for byte in b'mean=0.1234')):
    if bit == '1':
        os.pread(store, 1, page * 4096)
"""
HEAR = """
import ctypes, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
pages = 8 * len('mean=0.1234')
store = os.open('/workspace/store.bin', os.O_RDONLY)
mapped = libc.mmap(None, pages * 4096, 1, 1, store, 0)
found = (ctypes.c_ubyte * pages)()
way()
bits = ''.join(str(page & 1) for page in found)
print(bytes(int(bits[start : start + 8], 2) for start in range(0, pages, 8)))
"""
BY_NAME = "libc.mincore(ctypes.c_void_p(mapped), ctypes.c_size_t(pages * 4096), found)"
BY_32_BITS = """
libc.mmap.restype = ctypes.c_void_p
low = libc.mmap(None, pages * 4096, 1, 1 | 0x40, store, 0)  # below 4 GiB, where 32 bits reach
into = libc.mmap(None, 4096, 3, 0x22 | 0x40, -1, 0)
code = (b'\\x53\\xb8' + (218).to_bytes(4, 'little') + b'\\xbb' + low.to_bytes(4, 'little')
    + b'\\xb9' + (pages * 4096).to_bytes(4, 'little') + b'\\xba' + into.to_bytes(4, 'little')
    + b'\\xcd\\x80\\x5b\\xc3')
page = mmap.mmap(-1, 4096, prot=7)
page.write(code)
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
ctypes.memmove(found, into, pages)
"""
WAYS = {"by name": BY_NAME, "as a program of 32 bits would": BY_32_BITS}
ONLY_WHAT_IS_THERE = """
import errno, os
store = os.open('/workspace/store.bin', os.O_RDONLY)
try:
    os.preadv(store, [bytearray(1)], 0, os.RWF_NOWAIT)
except OSError as error:
    print(errno.errorcode[error.errno])
print(os.preadv(store, [bytearray(1)], 0, os.RWF_HIPRI), os.preadv(store, [bytearray(1)], 0))
"""


@pytest.fixture(scope="module")
def image_with_store(build_image: Callable[..., str]) -> str:
    """An image with a file whose pages, read or not, could be the bits of a message."""
    return build_image(STORE)


def heard(ran: Any) -> str:
    assert ran.execution.engine_error is None
    return str(ran.log)


@pytest.mark.parametrize("way", WAYS)
def test_the_pages_that_one_case_read_are_no_message_to_the_next(
    way: str, run_case: Run, python: Python, image_with_store: str
) -> None:
    told = run_case(python(SAY), image=image_with_store)
    assert told.execution.exit_code == 0, told.log
    listener = HEAR.replace("way()", WAYS[way])
    assert "mean=0.1234" not in heard(run_case(python(listener), image=image_with_store))


def test_no_read_tells_what_is_in_memory_already(
    run_case: Run, python: Python, image_with_store: str
) -> None:
    assert heard(run_case(python(ONLY_WHAT_IS_THERE), image=image_with_store)) == "EPERM\n1 1\n"


HOG = """
import ctypes, fcntl, os, time
libc, pipes = ctypes.CDLL(None), []
while libc.inotify_init1(0) >= 0:
    pass
try:
    while True:
        pipes += os.pipe()
        fcntl.fcntl(pipes[-1], fcntl.F_SETPIPE_SZ, 2**20)
except OSError:
    print('all taken')
time.sleep(600)
"""
VICTIM = """
import ctypes, fcntl, os
print(ctypes.CDLL(None).inotify_init1(0) >= 0, fcntl.fcntl(os.pipe()[1], fcntl.F_GETPIPE_SZ))
"""


@contextmanager
def running(runtime: DockerRuntime, job: CaseJob) -> Iterator[None]:
    """The case runs in another thread, as in another slot."""
    over = threading.Event()
    slot = threading.Thread(target=lambda: runtime.execute(job, should_stop=over.is_set))
    slot.start()
    try:
        yield
    finally:
        over.set()
        slot.join()


def has_said(engine: docker.DockerClient, job: CaseJob, words: bytes) -> bool:
    found = engine.containers.list(filters={"name": Names(job.claim_id).case})
    return any(words in case.logs(tail=10) for case in found)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def test_what_one_case_takes_of_its_user_another_does_not_miss(
    engine: docker.DockerClient,
    run_case: Run,
    python: Python,
    make_job: Callable[..., CaseJob],
    tmp_path: Path,
) -> None:
    job = make_job(python(HOG), seconds=300, claim_id="hog-" + tmp_path.name[-40:])
    hog = replace(job, case=job.case.rename(tmp_path / "hog"), log=tmp_path / "hog.log")
    with running(DockerRuntime(), hog):
        wait_until(lambda: has_said(engine, hog, b"all taken"))
        works, pipe = run_case(python(VICTIM)).log.split()
    assert (works, pipe) == ("True", "65536")


def user_of(engine: docker.DockerClient, job: CaseJob) -> str:
    return str(engine.containers.get(Names(job.claim_id).case).attrs["Config"]["User"])


def test_no_two_cases_of_an_engine_have_one_user(
    engine: docker.DockerClient,
    run_case: Run,
    python: Python,
    make_job: Callable[..., CaseJob],
    tmp_path: Path,
) -> None:
    """The second would begin with the same user: what is left of the first, dead or alive, keeps it away."""
    job = make_job("echo up; sleep 600", seconds=300)
    first = replace(job, case=job.case.rename(tmp_path / "first"), log=tmp_path / "first.log")
    [user, following, *_] = users_of_cases(first.claim_id)
    left = engine.containers.create(first.holder_image, "true", name=holder_name(user))
    try:
        with running(DockerRuntime(), first):
            wait_until(lambda: has_said(engine, first, b"up"))
            assert user_of(engine, first) == f"{following}:{GROUP}"
            sought = next(f"c{n}" for n in count() if users_of_cases(f"c{n}")[0] == following)
            assert int(run_case("id -u", claim_id=sought).log) == users_of_cases(sought)[1]
    finally:
        left.remove(force=True)
