"""What one case can tell or take from another: through the image they share, and through the kernel."""

from collections.abc import Callable
from typing import Any

import pytest

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
