"""What a hostile submission tries inside its container, and finds closed."""

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from mood_platform.contract import CASE_USERS

pytestmark = pytest.mark.docker
Run = Callable[..., Any]
Python = Callable[[str], str]

ATTEMPTS = """
import ctypes, errno, json, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def syscall(*numbers):
    ctypes.set_errno(0)
    return "allowed" if libc.syscall(*numbers) >= 0 else errno.errorcode[ctypes.get_errno()]
def attempt(action):
    try:
        action()
        return "allowed"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
def connect(address):
    with socket.create_connection(address, timeout=1): pass
found = {
    "tcp": attempt(lambda: connect(("192.0.2.1", 80))),
    "gateway": attempt(lambda: connect(("172.17.0.1", 80))),
    "metadata": attempt(lambda: connect(("169.254.169.254", 80))),
    "name": attempt(lambda: socket.gethostbyname("localhost.example")),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "vsock": attempt(lambda: socket.socket(40, socket.SOCK_STREAM)),
    "af_alg": attempt(lambda: socket.socket(38, socket.SOCK_SEQPACKET)),
    "packet": attempt(lambda: socket.socket(17, socket.SOCK_RAW)),
    "io_uring": syscall(425, 8, 0),
    "userfaultfd": syscall(323, 0),
    "bpf": syscall(321, 0, 0, 0),
    "keyctl": syscall(250, 0, -3, 0),
    "unshare user": syscall(272, 0x10000000),
    "clone user": syscall(56, 0x10000000 | 17, 0, 0, 0, 0),
    "mount": syscall(165, 0, 0, 0, 0, 0),
    "ptrace": syscall(101, 0, 0, 0, 0),
    "mknod": attempt(lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(8, 0))),
    "kill holder": attempt(lambda: os.kill(1, 9)),
    "holder environment": attempt(lambda: open("/proc/1/environ").read()),
    "write root": attempt(lambda: open("/x", "w")),
    "write workspace": attempt(lambda: open("/workspace/x", "w")),
    "write input": attempt(lambda: open("/mnt/data/x", "w")),
    "change input": attempt(lambda: open("/mnt/data/case.nii.gz", "ab")),
    "link input": attempt(lambda: os.link("/mnt/data/case.nii.gz", "/mnt/pred/case.nii.gz")),
    "write tmp": attempt(lambda: open("/tmp/x", "w")),
    "host messages": attempt(lambda: open("/dev/kmsg")),
    "host keys": attempt(lambda: open("/proc/sysrq-trigger", "w")),
    "host settings": attempt(lambda: open("/proc/sys/kernel/core_pattern", "w")),
    "host groups": attempt(lambda: os.mkdir("/sys/fs/cgroup/memory/x")),
    "holder files": attempt(lambda: os.listdir("/proc/1/root")),
    "devices": sorted(os.listdir("/dev")),
    "processes": sorted(name for name in os.listdir("/proc") if name.isdigit()),
    "groups": open("/proc/self/cgroup").read(),
    "uid": [os.getuid(), os.getgid(), os.getgroups()],
    "environment": dict(os.environ),
    "status": {line.split(":")[0]: line.split(":")[1].strip() for line in open("/proc/self/status")},
    "mounts": open("/proc/self/mountinfo").read(),
    "files": {name: os.stat(f"/mnt/data/{name}").st_mtime for name in os.listdir("/mnt/data")},
    "host": socket.gethostname(),
}
json.dump(found, open("/mnt/pred/case.nii.gz", "w"))
"""


@pytest.fixture(scope="module")
def found_cache() -> dict[str, Any]:
    return {}


@pytest.fixture
def found(found_cache: dict[str, Any], run_case: Run, python: Python) -> dict[str, Any]:
    """What the attempts met; one container serves all tests of this module."""
    if not found_cache:
        ran = run_case(python(ATTEMPTS))
        assert ran.execution.exit_code == 0, ran.log
        found_cache.update(json.loads(ran.output.read_text()), claim=ran.claim_id)
    return found_cache


def test_there_is_no_network(found: dict[str, Any]) -> None:
    assert {found[way] for way in ("tcp", "gateway", "metadata")} == {"ENETUNREACH"}
    assert found["name"] != "allowed"
    assert found["interfaces"] == ["lo"]


@pytest.mark.parametrize("way", ["vsock", "af_alg", "packet"])
def test_no_socket_leads_around_it(found: dict[str, Any], way: str) -> None:
    assert found[way] == "EPERM"


@pytest.mark.parametrize(
    "call",
    ["io_uring", "userfaultfd", "bpf", "keyctl", "unshare user", "clone user", "mount", "ptrace", "mknod"],
)
def test_dangerous_calls_are_refused(found: dict[str, Any], call: str) -> None:
    assert found[call] == "EPERM"


def test_the_holder_cannot_be_touched(found: dict[str, Any]) -> None:
    assert found["kill holder"] == "EPERM"
    assert found["holder environment"] == "EACCES"


def test_the_host_cannot_be_touched(found: dict[str, Any]) -> None:
    assert found["host messages"] == "ENOENT"
    assert "allowed" not in {found[way] for way in ("host keys", "host settings", "host groups")}
    assert found["holder files"] == "EACCES"


def test_only_the_devices_of_every_container_are_there(found: dict[str, Any]) -> None:
    ordinary = {"core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm"}
    assert set(found["devices"]) <= ordinary | {"stderr", "stdin", "stdout", "tty", "urandom", "zero"}


def test_only_its_own_processes_are_seen(found: dict[str, Any]) -> None:
    assert len(found["processes"]) <= 4  # the holder's two, sh and python


def test_nothing_around_it_names_team_case_or_claim(found: dict[str, Any]) -> None:
    around = json.dumps([found[place] for place in ("environment", "mounts", "groups", "host")])
    words = {"brain", "abdom", "pixel", "sample", "toy", "label", "team", found["claim"]}
    assert not [word for word in words if word in around.lower()]


def test_only_tmp_and_the_output_are_writable(found: dict[str, Any]) -> None:
    assert {found[way] for way in ("write root", "write workspace", "write input", "change input")} <= {
        "EROFS",
        "EACCES",
    }
    assert found["link input"] != "allowed"
    assert found["write tmp"] == "allowed"


def test_no_user_no_groups_no_capabilities(found: dict[str, Any]) -> None:
    uid, gid, groups = found["uid"]
    assert (uid in CASE_USERS, gid, groups in ([], [65532])) == (True, 65532, True)
    assert {found["status"][name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {
        "0" * 16
    }
    assert (found["status"]["NoNewPrivs"], found["status"]["Seccomp"]) == ("1", "2")


def test_the_environment_holds_nothing_of_ours(found: dict[str, Any]) -> None:
    allowed = {
        "PATH",
        "HOSTNAME",
        "HOME",
        "USER",
        "OMP_NUM_THREADS",
        "PYTHONUNBUFFERED",
        "LD_PRELOAD",
        "LD_AUDIT",
        "NVIDIA_VISIBLE_DEVICES",
    }
    allowed |= {"PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PWD", "SHLVL", "_", "OLDPWD", "LC_CTYPE"}
    allowed |= {"LANG", "GPG_KEY", "PYTHON_VERSION", "PYTHON_SHA256"}  # of a pulled Python image
    assert set(found["environment"]) <= allowed
    assert (found["environment"]["HOME"], found["environment"]["NVIDIA_VISIBLE_DEVICES"]) == ("/tmp", "void")


def test_name_and_time_of_the_input_tell_nothing(found: dict[str, Any]) -> None:
    assert found["files"] == {"case.nii.gz": 0}
    assert found["host"] == "case"


def test_no_host_path_is_mounted(found: dict[str, Any]) -> None:
    places = {line.split()[4]: line.split(" - ")[1].split()[0] for line in found["mounts"].splitlines()}
    assert (places["/mnt/data"], places["/mnt/pred"], places["/tmp"]) == ("tmpfs", "tmpfs", "tmpfs")
    assert str(Path.cwd()) not in found["mounts"]


COUNT_THREADS = """
import threading, time
started = 0
try:
    while started < 100:
        threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
        started += 1
except RuntimeError:
    pass
open("/mnt/pred/case.nii.gz", "w").write(str(started))
"""


def test_processes_are_counted(run_case: Run, python: Python) -> None:
    assert 1 < int(run_case(python(COUNT_THREADS), pids=16).output.read_text()) < 16


MANY_FILES = """
cd /mnt/pred
n=0
while [ $n -lt 50 ] && echo > $n; do n=$((n+1)); done 2> /dev/null
rm 0
echo $n > case.nii.gz
"""


def test_the_output_is_bounded_in_files(run_case: Run) -> None:
    assert int(run_case(MANY_FILES, output_files=8).output.read_text()) == 8


FILL_TMP = """
cp /bin/true /tmp/t && /tmp/t && head -c 9000000 /dev/zero > /tmp/x
stat -c %s /tmp/x > /mnt/pred/case.nii.gz
"""


def test_tmp_is_bounded_and_may_hold_programs(run_case: Run) -> None:
    assert 2**20 < int(run_case(FILL_TMP, tmp="4MiB").output.read_text()) <= 4 * 2**20


DECLARATIONS = (
    "USER root",
    "VOLUME /cache //more",
    "RUN chmod 755 /tmp",
    "RUN cp /usr/bin/id /be-root && chmod 4755 /be-root",
    "RUN mknod /disk b 8 0 && chmod 666 /disk",
    "WORKDIR /proc/self",
    "ENV LD_PRELOAD=/evil.so NVIDIA_VISIBLE_DEVICES=all",
    "LABEL org.mood.claim=spoof org.mood.instance=spoof",
    "HEALTHCHECK --interval=1s CMD touch /tmp/health",
    "STOPSIGNAL SIGWINCH",
)
LOOK_AT_THEM = """
sleep 1.3
{ /be-root -u; pwd; echo "[$LD_PRELOAD]$NVIDIA_VISIBLE_DEVICES"; ls /tmp; head -c 1 /disk && echo read
  for d in /cache /more; do head -c 3000000 /dev/zero > $d/x; stat -c %s $d/x; done
} > /mnt/pred/case.nii.gz 2> /dev/null
"""


def test_what_an_image_declares_is_overridden(run_case: Run, build_image: Callable[..., str]) -> None:
    ran = run_case(LOOK_AT_THEM, image=build_image(*DECLARATIONS))
    uid, folder, environment, *files, cached, more = ran.output.read_text().split()
    assert (int(uid) in CASE_USERS, folder, environment) == (True, "/", "[]void")
    assert files == ["program"]  # neither what the health check writes, nor the disk's first byte
    assert max(int(cached), int(more)) <= 2**20


LEAVE_MARKS = "for d in /tmp /dev/shm /mnt/pred; do echo x > $d/mark; done"
LOOK_FOR_MARKS = "ls /tmp /dev/shm /mnt/pred > /tmp/found; grep -c mark /tmp/found > /mnt/pred/case.nii.gz"


def test_the_next_case_sees_nothing_of_the_last(run_case: Run) -> None:
    run_case(LEAVE_MARKS)
    assert run_case(LOOK_FOR_MARKS).output.read_text() == "0\n"


def test_an_images_own_files_do_not_reach_our_volumes(run_case: Run, build_image: Callable[..., str]) -> None:
    image = build_image(
        "COPY workspace /mnt/pred/", "COPY workspace /mnt/data/", "RUN touch /mnt/pred/case.nii.gz"
    )
    assert run_case("true", image=image).execution.collected == "missing"


ORDINARY = """
import asyncio, getpass, multiprocessing, multiprocessing.shared_memory, os, pathlib, subprocess, tempfile
with multiprocessing.Pool(2) as pool:
    assert pool.map(abs, [-1, -2, -3]) == [1, 2, 3]
with multiprocessing.get_context("spawn").Pool(1) as pool:
    assert pool.map(abs, [-4]) == [4]
block = multiprocessing.shared_memory.SharedMemory(create=True, size=2**20)
block.close()
block.unlink()
assert subprocess.run(["sh", "-c", "exit 7"]).returncode == 7
assert asyncio.run(asyncio.sleep(0.01, "woken")) == "woken"
with tempfile.NamedTemporaryFile() as scratch:
    os.posix_fallocate(scratch.fileno(), 0, 4096)
os.close(os.memfd_create("x"))
assert getpass.getuser() == "algorithm"
assert pathlib.Path.home() == pathlib.Path("/tmp")
assert len(os.sched_getaffinity(0)) > 0
pathlib.Path("/mnt/pred/part").write_text("fine")
os.replace("/mnt/pred/part", "/mnt/pred/case.nii.gz")
"""


def test_an_ordinary_program_finds_what_it_needs(run_case: Run) -> None:
    main = f"if __name__ == '__main__':\n{indent(ORDINARY, '    ')}"  # children that are spawned import it
    program = f"cat > /tmp/main.py <<'END'\n{main}END\npython3 /tmp/main.py"
    ran = run_case(program, seconds=3600)  # no clock of ours: a busy machine may take its time
    assert ran.execution.exit_code == 0, ran.log
    assert ran.output.read_text() == "fine"
