"""Hostile and broken submissions as one table: what a container does, and what becomes of its case."""

from __future__ import annotations

from dataclasses import dataclass

from mood_evaluator import Flag, OutputFault, Task
from mood_platform.execution.outcome import OutcomeFlag
from mood_platform.failures import FailureReason as Why
from mood_platform.models import CaseRunState as State

SHAPE = (4, 4, 4)
"""Voxels of the cases that the programs answer."""
PROGRAM_OF_THE_CASE = b'exec sh "/workspace/attacks/$(sha256sum < "$1/case.nii.gz" | cut -c1-64).sh" "$@"\n'
"""A run script that picks its program by the content of its case."""

LIMITS = {
    "seconds": 3,
    "memory": "128MiB",
    "tmp": "16MiB",
    "output": "1MiB",
    "shm": "8MiB",
    "log": "64KiB",
    "pids": 32,
    "cpus": 1,
    "gpus": 0,
}
"""Small, so that every attack meets its own soon."""

_LIBRARY = """
import gzip, os, socket, struct, time
PRED = "/mnt/pred/case.nii.gz"
RAMP = [i / 64 for i in range(64)]
def nifti(values=RAMP, kind=16, code="f", dim=(3, 4, 4, 4), slope=1, inter=0, offset=352):
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, *dim, *[1] * (8 - len(dim)))
    struct.pack_into("<hh", header, 70, kind, 8 * struct.calcsize(code))
    struct.pack_into("<8f", header, 76, *[1] * 8)
    struct.pack_into("<3f", header, 108, offset, slope, inter)
    struct.pack_into("<hh", header, 252, 0, 1)
    struct.pack_into("<12f", header, 280, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
    header[344:348] = b"n+1\\0"
    return bytes(header) + struct.pack("<%d%s" % (len(values), code), *values)
def write(content):
    with open(PRED, "wb") as sink:
        sink.write(content)
def answer(*arguments, **changes):
    write(gzip.compress(nifti(*arguments, **changes)))
"""


def python(code: str) -> str:
    """A program in Python, with a writer of NIfTI files at hand, as the sh program that runs it."""
    return f"exec python3 - \"$@\" <<'END_OF_PROGRAM'\n{_LIBRARY}{code}\nEND_OF_PROGRAM\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    name: str
    program: str
    """In sh; run as the run script, with the folders of input and output."""
    state: State
    reason: Why | None = None
    fault: OutputFault | None = None
    """What the evaluator says beside the reason."""
    flags: tuple[str, ...] = ()
    task: Task = Task.PIXEL


def _survives(name: str, program: str, *flags: str, task: Task = Task.PIXEL) -> Attack:
    """Ends with a prediction that counts."""
    return Attack(name=name, program=program, state=State.SUCCEEDED, flags=flags, task=task)


def _fails(
    name: str, program: str, state: State, reason: Why, *flags: str, task: Task = Task.PIXEL
) -> Attack:
    return Attack(name=name, program=program, state=state, reason=reason, flags=flags, task=task)


def _endless(name: str, program: str, *flags: str) -> Attack:
    return _fails(name, program, State.TIMED_OUT, Why.TIMED_OUT, *flags)


def _crash(name: str, program: str) -> Attack:
    return _fails(name, program, State.CRASHED, Why.CRASHED)


def _missing(name: str, program: str, reason: Why = Why.OUTPUT_MISSING) -> Attack:
    return _fails(name, program, State.OUTPUT_MISSING, reason)


def _invalid(name: str, program: str, fault: OutputFault, *flags: str, task: Task = Task.PIXEL) -> Attack:
    state, reason = State.OUTPUT_INVALID, Why.OUTPUT_INVALID
    return Attack(name=name, program=program, state=state, reason=reason, fault=fault, flags=flags, task=task)


HONEST = python("answer()")
HONEST_SAMPLE = "echo 0.5 > /mnt/pred/case.nii.gz.txt"
_EAT = "hoard = []\nwhile True: hoard.append(bytearray(b'x' * 2**20))"
_CHILD_EATS = f"if os.fork() == 0:\n {_EAT.replace(chr(10), chr(10) + ' ')}\nos.wait()\nanswer()"
_MEMFD = "while True: os.write(os.memfd_create('x'), b'x' * 2**20)"
_FORK = "while True:\n try: os.fork()\n except OSError: time.sleep(0.05)"
_LINE = "yes 'a line that nobody wants to keep'"
_MUCH = "head -c 1000000000 /dev/zero"
_FILES = "try:\n for i in range(1000): open(f'/mnt/pred/{i}', 'w').close()\n answer()\nexcept OSError: pass"
_ODD = r"""
for name in (b"a\nb", b"\xff\xfe", b"\xe2\x80\xaezg.iin", b"-rf", b"$(reboot)", b"..;", b"case.nii.gz "):
    open(b"/mnt/pred/" + name, "w").close()
"""
_DEEP = (
    "os.mkdir(PRED)\nos.chdir(PRED)\ntry:\n while True: os.mkdir('d'); os.chdir('d')\nexcept OSError: pass"
)
_PIPE, _OVER = "mkfifo /mnt/pred/case.nii.gz", "{}\nexit 1".format(HONEST.removeprefix("exec "))

TIME_AND_PROCESSES = (
    _endless("sleeps for ever", "sleep 600"),
    _endless("ignores every signal", "trap '' TERM INT HUP QUIT USR1 ALRM; while :; do sleep 1; done"),
    _endless("stops itself", "kill -STOP $$"),
    _endless("waits at its own pipe", "mkfifo /tmp/p; cat /tmp/p"),
    _endless("burns all cores", "for i in 1 2 3 4; do (while :; do :; done) & done; wait"),
    _endless("forks without end", python(_FORK)),
    _endless("predicts, then sleeps for ever", python("answer()\ntime.sleep(600)")),
    _missing("leaves a daemon and no prediction", "setsid sleep 600 & exit 0"),
    _survives("leaves a daemon and a prediction", f"setsid sh -c 'sleep 600' &\n{HONEST}"),
    _survives("kills all that it can", python("os.kill(-1, 9)\nanswer()")),
    _survives("ends with an error after the prediction", _OVER, OutcomeFlag.NONZERO_EXIT),
    _survives("kills itself after the prediction", python("answer()\nos.kill(os.getpid(), 9)"),
              OutcomeFlag.NONZERO_EXIT),
    _crash("ends with an error", "exit 1"),
    _crash("kills itself", "kill -9 $$"),
    _missing("does nothing", "true"),
)  # fmt: skip
MEMORY_AND_SPACE = (
    _fails("eats all memory", python(_EAT), State.OUT_OF_MEMORY, Why.OUT_OF_MEMORY),
    _fails("eats all memory as a nameless file", python(_MEMFD), State.OUT_OF_MEMORY, Why.OUT_OF_MEMORY),
    _survives("a child eats all memory", python(_CHILD_EATS), OutcomeFlag.CHILD_OUT_OF_MEMORY),
    _survives("fills /tmp", f"{_MUCH} > /tmp/x\n{HONEST}"),
    _survives("fills /dev/shm", f"{_MUCH} > /dev/shm/x\n{HONEST}"),
    _survives("fills its log, then predicts", f"{_LINE} | head -c 20000000\n{HONEST}",
              OutcomeFlag.LOG_TRUNCATED),
    _endless("fills its log for ever", f"exec {_LINE}", OutcomeFlag.LOG_TRUNCATED),
    _missing("fills the output", f"{_MUCH} > /mnt/pred/case.nii.gz", Why.OUTPUT_TOO_LARGE),
    _invalid("leaves no space for its prediction", f"{_MUCH} > /mnt/pred/x\n{HONEST}",
             OutputFault.UNREADABLE, OutcomeFlag.NONZERO_EXIT),
    _missing("fills the output with files", python(_FILES)),
    _missing("a sparse file", "truncate -s 1G /mnt/pred/x; truncate -s 1025K /mnt/pred/case.nii.gz",
             Why.OUTPUT_TOO_LARGE),
    _invalid("a sparse file of 4 TB", "truncate -s 4T /mnt/pred/case.nii.gz",
             OutputFault.UNREADABLE, OutcomeFlag.NONZERO_EXIT),
)  # fmt: skip
_NO_WAY = (
    ("a link to itself", "", "case.nii.gz"),
    ("two links in a circle", "ln -s case.nii.gz /mnt/pred/x; ", "x"),
    ("a link through a file", "touch /mnt/pred/f; ", "f/g/h"),
    ("a link to a name that is too long", "", "x" * 300),
    ("a link to a path that is too long", "", "/a" * 2000),
)
NO_FILES = (
    _missing("a link to a file of the host", "ln -s /etc/shadow /mnt/pred/case.nii.gz", Why.OUTPUT_IRREGULAR),
    _missing("a link into the holder", "ln -s /proc/1/root/etc/shadow /mnt/pred/case.nii.gz",
             Why.OUTPUT_IRREGULAR),
    _missing("a link to its input", "ln -s ../data/case.nii.gz /mnt/pred/case.nii.gz", Why.OUTPUT_IRREGULAR),
    _missing("a pipe", _PIPE, Why.OUTPUT_IRREGULAR),
    _missing("a socket", python("socket.socket(socket.AF_UNIX).bind(PRED)"), Why.OUTPUT_IRREGULAR),
    _missing("a folder", "mkdir /mnt/pred/case.nii.gz", Why.OUTPUT_IRREGULAR),
    _missing("a deep tree", python(_DEEP), Why.OUTPUT_IRREGULAR),
    *(_missing(name, f"{setting}ln -s {target} /mnt/pred/case.nii.gz", Why.OUTPUT_IRREGULAR)
      for name, setting, target in _NO_WAY),
    *(_missing(f"a time stamp {when}", python(f"answer()\nos.utime(PRED, ({stamp}, {stamp}))"),
               Why.OUTPUT_IRREGULAR)
      for when, stamp in (("in the year 10000", 253402387200), ("before the year 0", -70000000000))),
    _crash("a device", "mknod /mnt/pred/case.nii.gz b 8 0"),
    _crash("another name of its input", "ln /mnt/data/case.nii.gz /mnt/pred/case.nii.gz"),
    _missing("another name", "touch '/mnt/pred/case.nii.gz ' /mnt/pred/CASE.nii.gz"),
    _survives("odd names beside the prediction", python(_ODD + "answer()")),
    _survives("nobody may read it", python("answer()\nos.chmod(PRED, 0)\nos.chmod('/mnt/pred', 0)")),
)  # fmt: skip
VOLUMES = (
    _invalid("nothing in the file", "touch /mnt/pred/case.nii.gz", OutputFault.UNREADABLE),
    _invalid("text", "echo 0.5 > /mnt/pred/case.nii.gz", OutputFault.UNREADABLE),
    _invalid("truncated gzip", python("write(gzip.compress(nifti())[:-20])"), OutputFault.UNREADABLE),
    _invalid("gzip bomb", "head -c 100000000 /dev/zero | gzip -1 > /mnt/pred/case.nii.gz",
             OutputFault.UNREADABLE),
    _survives("gzip bomb behind the volume",
              python("write(gzip.compress(nifti()) + gzip.compress(bytes(3 * 10**7)))"), Flag.TRAILING_DATA),
    _invalid("wrong shape", python("answer([0] * 60, dim=(3, 4, 5, 3))"), OutputFault.SHAPE_MISMATCH),
    _invalid("4-D", python("answer([0] * 128, dim=(4, 4, 4, 4, 2))"), OutputFault.SHAPE_MISMATCH),
    _survives("4-D with one volume", python("answer(dim=(4, 4, 4, 4, 1))")),
    _invalid("2-D", python("answer([0] * 16, dim=(2, 4, 4))"), OutputFault.SHAPE_MISMATCH),
    _invalid("no dimensions", python("answer(dim=(0,))"), OutputFault.UNREADABLE),
    _invalid("negative dimensions", python("answer(dim=(3, -4, -4, 4))"), OutputFault.SHAPE_MISMATCH),
    _invalid("fewer voxels than it says", python("answer(RAMP[:-1])"), OutputFault.UNREADABLE),
    _invalid("complex", python("answer(RAMP * 2, kind=32)"), OutputFault.UNSUPPORTED_TYPE),
    _invalid("colours", python("answer([0] * 192, kind=128, code='B')"), OutputFault.UNSUPPORTED_TYPE),
    _invalid("a scale that is infinite", python("answer(slope=float('inf'))"), OutputFault.UNREADABLE),
    _invalid("voxels inside the header", python("answer(offset=0)"), OutputFault.UNREADABLE),
    _invalid("a pickle", python("import pickle\nwrite(pickle.dumps(RAMP))"), OutputFault.UNREADABLE),
    _survives("integers with a slope", python("answer(range(64), kind=4, code='h', slope=1 / 64)")),
    _survives("float64", python("answer(kind=64, code='d')")),
    _survives("not compressed", python("write(nifti())"), Flag.NOT_GZIP),
    _survives("a NaN", python("answer([float('nan'), *RAMP[1:]])"), Flag.NAN),
    _survives("an Inf", python("answer([float('inf'), *RAMP[1:]])"), Flag.CLAMPED),
    _survives("a -Inf", python("answer([float('-inf'), *RAMP[1:]])"), Flag.CLAMPED),
    _survives("nothing but NaN", python("answer([float('nan')] * 64)"), Flag.NAN, Flag.CONSTANT),
)  # fmt: skip


def _number(name: str, text: str, *flags: str) -> Attack:
    return _survives(name, f"printf -- '{text}' > /mnt/pred/case.nii.gz.txt", *flags, task=Task.SAMPLE)


def _no_number(name: str, program: str) -> Attack:
    return _invalid(
        name, f"{program} > /mnt/pred/case.nii.gz.txt", OutputFault.NOT_A_NUMBER, task=Task.SAMPLE
    )


NUMBERS = (
    _number("the number nan", "nan\\n", Flag.NAN),
    _number("the number inf", "inf\\n", Flag.CLAMPED),
    _number("the number -1e999", "-1e999", Flag.CLAMPED),
    _number("lines after the number", "0.25\\nand then\\n\\377\\000"),
    _no_number("no line", "true"),
    _no_number("words", "echo zero point five"),
    _no_number("two numbers", "echo 0.5 0.6"),
    _fails("a number without end", "head -c 2000000 /dev/zero | tr '\\0' 1 > /mnt/pred/case.nii.gz.txt",
           State.OUTPUT_MISSING, Why.OUTPUT_TOO_LARGE, task=Task.SAMPLE),
    _no_number("bytes", "head -c 100 /dev/zero"),
)  # fmt: skip
ON_THE_RUNNER = TIME_AND_PROCESSES + MEMORY_AND_SPACE + NO_FILES
ON_THE_EVALUATOR = VOLUMES + NUMBERS
ATTACKS = ON_THE_RUNNER + ON_THE_EVALUATOR
