"""Killed workers, lost holders, silent engines: nothing is left over, and no team is blamed."""

import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from mood_platform.errors import Invalid, Transient
from mood_platform.execution.container_options import CLAIM_LABEL, INSTANCE_LABEL, Names
from mood_platform.execution.docker import DockerRuntime
from mood_platform.execution.outcome import Outcome, outcome
from mood_platform.execution.runtime import CaseJob
from mood_platform.failures import FailureReason as Why
from mood_platform.images.intake_child import check_image

pytestmark = pytest.mark.docker
MakeJob = Callable[..., CaseJob]

WORKER = """
import pickle, sys
from pathlib import Path
from mood_platform.execution.docker import DockerRuntime
DockerRuntime().execute(pickle.loads(Path(sys.argv[1]).read_bytes()), should_stop=lambda: False)
"""


@pytest.fixture
def swept(runtime: DockerRuntime, instance: str) -> Iterator[None]:
    yield
    for claim in runtime.claims(instance=instance):
        runtime.remove_claim(claim)


def wait_until(condition: Callable[[], object], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def is_running(engine: docker.DockerClient, name: str) -> bool:
    return bool(engine.containers.list(filters={"name": name}))


@pytest.mark.usefixtures("swept")
def test_a_killed_worker_leaves_a_claim_that_can_be_removed(
    runtime: DockerRuntime, engine: docker.DockerClient, make_job: MakeJob, tmp_path: Path
) -> None:
    job = make_job("sleep 600", seconds=60)
    (tmp_path / "job").write_bytes(pickle.dumps(job))
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path / "job")])
    wait_until(lambda: is_running(engine, Names(job.claim_id).case))
    worker.kill()
    worker.wait()
    assert runtime.claims(instance=job.instance) == {job.claim_id}
    runtime.remove_claim(job.claim_id)
    assert runtime.claims(instance=job.instance) == set()
    assert not engine.volumes.list(filters={"name": job.claim_id})


def test_a_lost_holder_takes_the_submission_along_and_blames_the_platform(
    runtime: DockerRuntime, engine: docker.DockerClient, make_job: MakeJob
) -> None:
    job = make_job("setsid sleep 600 & sleep 600", seconds=20)
    killer = threading.Thread(target=_kill_holder, args=(engine, job))
    killer.start()
    execution = runtime.execute(job, should_stop=lambda: False)
    killer.join()
    assert execution.seconds < 15
    assert outcome(execution) == Outcome("platform_fault", Why.NODE_RESTARTED)


def _kill_holder(engine: docker.DockerClient, job: CaseJob) -> None:
    wait_until(lambda: is_running(engine, Names(job.claim_id).case))
    [holder] = engine.containers.list(
        filters={"label": f"{CLAIM_LABEL}={job.claim_id}", "name": "mood-user-"}
    )
    holder.kill()


def test_a_claim_removed_under_a_running_case_ends_it_as_the_platforms_fault(
    runtime: DockerRuntime, engine: docker.DockerClient, make_job: MakeJob
) -> None:
    job = make_job("sleep 600", seconds=20)

    def remove() -> None:
        wait_until(lambda: is_running(engine, Names(job.claim_id).case))
        runtime.remove_claim(job.claim_id)

    reaper = threading.Thread(target=remove)
    reaper.start()
    execution = DockerRuntime().execute(job, should_stop=lambda: False)
    reaper.join()
    assert outcome(execution).state_name == "platform_fault"


def test_a_submission_killed_from_outside_has_crashed(
    runtime: DockerRuntime, engine: docker.DockerClient, make_job: MakeJob
) -> None:
    job = make_job("sleep 600", seconds=20)

    def kill() -> None:
        wait_until(lambda: is_running(engine, Names(job.claim_id).case))
        engine.containers.get(Names(job.claim_id).case).kill()

    killer = threading.Thread(target=kill)
    killer.start()
    execution = runtime.execute(job, should_stop=lambda: False)
    killer.join()
    assert outcome(execution) == Outcome("crashed", Why.CRASHED)


def test_an_image_cannot_pose_as_a_claim(
    runtime: DockerRuntime,
    engine: docker.DockerClient,
    build_image: Callable[..., str],
    make_job: MakeJob,
    instance: str,
) -> None:
    posing = build_image(f"LABEL {INSTANCE_LABEL}={instance} {CLAIM_LABEL}=its-own-choice")
    job, seen = make_job("sleep 600", image=posing), []
    alone = engine.containers.create(posing, "true")
    try:
        runtime.execute(job, should_stop=lambda: seen.append(runtime.claims(instance=instance)) is None)
        assert seen == [{job.claim_id}]
        assert runtime.claims(instance=instance) == set()
    finally:
        alone.remove()


def test_an_engine_that_is_not_there_is_a_fact_not_an_exception(make_job: MakeJob) -> None:
    nowhere = DockerRuntime(base_url="tcp://127.0.0.1:1", timeout=2)
    assert outcome(nowhere.execute(make_job("true"), should_stop=lambda: False)).reason is Why.ENGINE_ERROR
    with pytest.raises(Transient):
        nowhere.claims(instance="x")
    with pytest.raises(Transient):
        nowhere.has_image("x")


def test_a_case_that_is_not_there_is_the_platforms_fault(
    runtime: DockerRuntime, make_job: MakeJob, tmp_path: Path
) -> None:
    job = make_job("true", case=tmp_path / "missing")
    assert outcome(runtime.execute(job, should_stop=lambda: False)).reason is Why.ENGINE_ERROR


@pytest.mark.parametrize("claim", ["", "../x", "a b", "x" * 65, "-rf"])
def test_a_claim_id_that_is_no_name_is_refused(runtime: DockerRuntime, claim: str) -> None:
    with pytest.raises(Invalid):
        runtime.remove_claim(claim)


def test_two_installations_on_one_engine_do_not_take_each_others_images_away(
    runtime: DockerRuntime, engine: docker.DockerClient, build_image: Callable[..., str], tmp_path: Path
) -> None:
    image = build_image("ENV NAME=shared")
    saved = tmp_path / "saved.tar"
    with saved.open("wb") as sink:
        sink.writelines(engine.images.get(image).save())
    engine.images.remove(image, force=True)
    assert runtime.load(saved, instance="one") == image
    assert runtime.hold_image(image, instance="two")
    runtime.remove_image(image, instance="one")
    assert runtime.has_image(image)
    runtime.remove_image(image, instance="one")
    runtime.remove_image(image, instance="two")
    assert not runtime.has_image(image)


def test_a_tag_of_an_earlier_version_goes_with_the_last_hold(
    runtime: DockerRuntime, engine: docker.DockerClient, build_image: Callable[..., str], tmp_path: Path
) -> None:
    image = build_image("ENV NAME=from-before")
    saved, shared = tmp_path / "saved.tar", ("mood-submission", image.removeprefix("sha256:"))
    with saved.open("wb") as sink:
        sink.writelines(engine.images.get(image).save())
    engine.images.remove(image, force=True)
    assert runtime.load(saved, instance="one") == image
    engine.images.get(image).tag(*shared)
    assert runtime.hold_image(image, instance="two")
    runtime.remove_image(image, instance="one")
    assert ":".join(shared) in engine.images.get(image).tags
    runtime.remove_image(image, instance="two")
    assert not runtime.has_image(image)


def test_an_image_travels_from_archive_to_result(
    runtime: DockerRuntime,
    engine: docker.DockerClient,
    run_case: Any,
    build_image: Callable[..., str],
    instance: str,
    tmp_path: Path,
) -> None:
    image = build_image("ENV NAME=travelled")
    engine.images.get(image).tag("mood-tests-hijack", "latest")
    saved, clean = tmp_path / "saved.tar", tmp_path / "clean.tar"
    with saved.open("wb") as sink:
        sink.writelines(engine.images.get("mood-tests-hijack:latest").save(named=True))
    engine.images.remove("mood-tests-hijack:latest")
    facts = check_image(saved, clean, limit=2**31)
    assert facts.digest == image
    loaded = runtime.load(clean, instance=instance)
    assert loaded == facts.digest
    assert runtime.has_image(loaded)
    assert not engine.images.list("mood-tests-hijack")
    assert run_case("echo $NAME > /mnt/pred/case.nii.gz", image=loaded).output.read_text() == "travelled\n"
    runtime.remove_image(loaded, instance=instance)
    assert not runtime.has_image(loaded)
