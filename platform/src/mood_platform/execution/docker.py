"""The Docker Engine as ContainerRuntime: one case in two throw-away containers and two tmpfs volumes.

A holder keeps the volumes mounted and owns the PID namespace; the submission joins it. The clock that
enforces the limit is ours. Whatever happens, all that was made for the case is removed before the end.
"""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import tarfile
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.models.images import Image
from urllib3.exceptions import HTTPError

from mood_platform.contract import DATA, PRED, output_name_of
from mood_platform.errors import Invalid, Transient
from mood_platform.execution.case_log import join_log
from mood_platform.execution.container_options import (
    CLAIM_LABEL,
    INSTANCE_LABEL,
    DeclaredPaths,
    Names,
    Options,
    case_options,
    holder_options,
    is_holder_name,
    users_of_cases,
)
from mood_platform.execution.engine_files import check_engine_image, find_image
from mood_platform.execution.log_head import LogHead
from mood_platform.execution.meter import Meter
from mood_platform.execution.outcome import SIGKILLED
from mood_platform.execution.runtime import CaseJob, Execution, SelfTest
from mood_platform.execution.self_test import judge_self_test, self_test_options
from mood_platform.execution.start import LimitsRefused, NotStarted, start_case
from mood_platform.execution.transfer import collect, input_archive
from mood_platform.execution.watch import Ending, watch

_log = logging.getLogger(__name__)

ENGINE_FAULTS = (DockerException, HTTPError, OSError, tarfile.TarError)
"""What a broken engine, connection, disk or transfer raises; requests' errors are OSErrors."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_GPU_FAULT = re.compile(r"device driver|nvidia|cdi", re.IGNORECASE)
_REPOSITORY = "mood-submission"
_LOG_LINES = 100_000
_GONE_SECONDS = 15.0
_LOAD_TIMEOUT = 3600  # seconds; silence while a large layer is unpacked is no failure


class DockerRuntime:
    """Runs cases on the engine that DOCKER_HOST or the default socket names."""

    def __init__(self, *, base_url: str | None = None, timeout: int = 60) -> None:
        self._base_url = base_url
        self._timeout = timeout

    @cached_property
    def _client(self) -> docker.DockerClient:
        """Connected at first use, so that a worker may start before its engine."""
        return self._connect(self._timeout)

    @cached_property
    def _host_cpus(self) -> float:
        return float(self._client.info()["NCPU"])

    @cached_property
    def _local(self) -> bool:
        """Whether the engine is reached by a socket of this machine, whose kernel is then its kernel."""
        return bool(self._client.api.base_url.startswith("http+docker://"))

    @cached_property
    def _data_root(self) -> str:
        return str(self._client.info()["DockerRootDir"])

    def _connect(self, timeout: int) -> docker.DockerClient:
        if self._base_url is None:
            return docker.from_env(timeout=timeout)
        return docker.DockerClient(base_url=self._base_url, timeout=timeout)

    def execute(self, job: CaseJob, *, should_stop: Callable[[], bool]) -> Execution:
        """Runs one case; see ContainerRuntime."""
        _check_identifier("claim_id", job.claim_id)
        _check_identifier("instance", job.instance)
        try:
            return self._execute(job, should_stop)
        except ENGINE_FAULTS as fault:
            return _fault(job, fault)
        finally:
            with suppress(Transient):  # a leftover is the reaper's next find, not this case's failure
                self.remove_claim(job.claim_id)

    def _execute(self, job: CaseJob, should_stop: Callable[[], bool]) -> Execution:
        user, holder = self._start_holder(job)
        holder.put_archive(DATA, input_archive(job.case))
        options = case_options(job, image=self._image_config(job.image), user=user, host_cpus=self._host_cpus)
        try:
            case = self._start_case(job, options)
        except NotStarted as refusal:
            _require_running(holder, job)
            return _not_started(job, refusal)
        except LimitsRefused as refusal:
            _require_running(holder, job)
            return Execution(limits_refused=True, engine_error=f"The engine refuses its limits: {refusal}")
        except APIError:
            _require_running(holder, job)  # else that is what to tell
            raise
        meter = Meter(case, local=self._local, cores=self._host_cpus, count_cases=self._count_cases)
        try:
            head = LogHead(case, limit=job.limits.log)
            ending = watch(case, seconds=job.limits.seconds, should_stop=should_stop, gauge=meter)
            return replace(self._conclude(job, case, holder, ending, head), usage=meter.usage)
        except ENGINE_FAULTS as fault:
            return replace(_fault(job, fault), ran=True)

    def _count_cases(self) -> int | None:
        """Cases that run on this engine now, of all installations; None where it does not say."""
        try:
            running = self._client.api.containers(filters={"label": CLAIM_LABEL})
        except ENGINE_FAULTS:
            return None
        return len({entry["Labels"][CLAIM_LABEL] for entry in running})

    def _start_holder(self, job: CaseJob) -> tuple[int, Container]:
        """The holder, and the user that is this case's own as long as the holder exists."""
        image, case_bytes = self._image_config(job.holder_image), job.case.stat().st_size
        for user in users_of_cases(job.claim_id):
            options = holder_options(job, image=image, user=user, case_bytes=case_bytes)
            try:
                holder = self._client.containers.create(**options)
            except APIError as fault:
                if fault.status_code != 409:
                    raise
                continue  # the name is taken, and with it the user
            holder.start()
            return user, holder
        raise DockerException("Every user of cases has a container on this engine: too many are left over.")

    def _start_case(self, job: CaseJob, options: Options) -> Container:
        remove = partial(self._client.api.remove_container, options["name"], v=True, force=True)
        return start_case(
            self._client, options, holder_image=job.holder_image, remove=lambda: _remove(remove)
        )

    def _conclude(
        self, job: CaseJob, case: Container, holder: Container, ending: Ending, head: LogHead
    ) -> Execution:
        """Facts about a container that has ended, and the bytes it left."""
        facts = Execution(
            ran=True,
            exit_code=int(ending.state["ExitCode"]),
            oom_killed=bool(ending.state["OOMKilled"]),
            killed_at_limit=ending.killed_at_limit,
            seconds=ending.seconds,
            engine_restarted=ending.engine_lost,
            cancelled=ending.cancelled,
        )
        if ending.cancelled:
            return facts
        log = join_log(head.finish(), _log_lines(case), limit=job.limits.log)
        job.log.write_bytes(log.content)
        facts = replace(facts, log_truncated=log.truncated)
        return facts if ending.killed_at_limit else self._collect(job, holder, facts)

    def _collect(self, job: CaseJob, holder: Container, facts: Execution) -> Execution:
        holder.reload()
        if not holder.attrs["State"]["Running"]:
            # The tmpfs volumes ended with it. Exit 137 is then the namespace's end, not the team's doing.
            lost = None if facts.exit_code == SIGKILLED else "The holder ended before the case was collected."
            return replace(facts, engine_restarted=True, engine_error=lost)
        found = collect(holder, f"{PRED}/{output_name_of(job.task)}", job.output, limit=job.limits.output)
        return replace(facts, collected=found)

    def load(self, archive: Path | Iterable[bytes], *, instance: str) -> str:
        """Loads an archive of one image; tags it, so that pruning leaves it alone. Returns its id."""
        try:
            with closing(self._connect(_LOAD_TIMEOUT)) as client:
                return _load(client, archive, instance)
        except ENGINE_FAULTS as fault:
            raise _transient("The engine did not load the image", fault) from fault

    def has_image(self, image: str) -> bool:
        return self._find(image) is not None

    def hold_image(self, image: str, *, instance: str) -> bool:
        try:
            found = self._find(image)
            if found is not None and f"{_REPOSITORY}:{_tag(image, instance)}" not in found.tags:
                found.tag(_REPOSITORY, tag=_tag(image, instance))
        except ImageNotFound:
            return False
        except ENGINE_FAULTS as fault:
            raise _transient(f"The engine did not answer about {image}", fault) from fault
        return found is not None

    def image_bytes(self, image: str) -> int:
        found = self._find(image)
        return 0 if found is None else int(found.attrs["Size"])

    def _find(self, image: str) -> Image | None:
        try:
            return find_image(self._client, image)
        except ENGINE_FAULTS as fault:
            raise _transient(f"The engine did not answer about {image}", fault) from fault

    def remove_image(self, image: str, *, instance: str) -> None:
        """Takes only our own tag away: an image that somebody else tagged on this machine stays theirs."""
        try:
            for tag in _own_tags(self._client.images.get(image).tags, image, instance):
                self._client.images.remove(tag)
        except ImageNotFound:
            return
        except ENGINE_FAULTS as fault:
            _log.warning("image %s stays: %s", image, fault)

    def check_image(self, image: str, *, instance: str, limit: int) -> None:
        names = Names(f"look-{uuid.uuid4().hex}")
        marks = {CLAIM_LABEL: names.claim_id, INSTANCE_LABEL: instance}
        try:
            check_engine_image(self._client, image, name=names.case, labels=marks, limit=limit)
        except ENGINE_FAULTS as fault:
            raise _transient(f"The engine did not show the files of {image}", fault) from fault

    def self_test(self, test: SelfTest) -> str | None:
        """See ContainerRuntime. It needs no reaper: it ends by itself, and the Engine removes it."""
        try:
            options = self_test_options(test, host_cpus=self._host_cpus)
            container = self._client.containers.create(**options)
            try:
                said: Any = container.attach(stdout=True, stderr=True, stream=True)
                container.start()
                return judge_self_test(b"".join(said), test)
            finally:
                _remove(partial(self._client.api.remove_container, options["name"], v=True, force=True))
        except ENGINE_FAULTS as fault:
            return f"{type(fault).__name__}: {fault}"

    def free_bytes(self) -> int | None:
        """Of an Engine on this machine; from inside a container its folders cannot be seen."""
        try:
            return shutil.disk_usage(self._data_root).free
        except FileNotFoundError:
            return None
        except ENGINE_FAULTS as fault:
            raise _transient("The engine did not say where its data are", fault) from fault

    def claims(self, *, instance: str) -> set[str]:
        wanted = {"label": f"{INSTANCE_LABEL}={instance}"}
        try:
            containers = self._client.api.containers(all=True, filters=wanted)
            volumes = self._client.api.volumes(filters=wanted)["Volumes"] or []
        except ENGINE_FAULTS as fault:
            raise _transient("The engine did not list its containers", fault) from fault
        named = [(entry["Labels"], _names(entry)) for entry in containers]
        named += [(volume["Labels"], [volume["Name"]]) for volume in volumes]
        return {claim for labels, names in named if (claim := _claim_of(labels, names)) is not None}

    def remove_claim(self, claim_id: str) -> None:
        """Removes by name, so that it cannot touch anything else; the holder, who keeps the user, last."""
        _check_identifier("claim_id", claim_id)
        names = Names(claim_id)
        try:
            api = self._client.api
            for container in (names.case, *self._holders(claim_id)):
                _remove(partial(api.remove_container, container, v=True, force=True))
            for volume in (names.data, names.pred):
                _remove(partial(api.remove_volume, volume, force=True))
        except ENGINE_FAULTS as fault:
            _log.warning("claim %s is not removed yet: %s", claim_id, fault)
            raise _transient(f"The engine did not remove claim {claim_id}", fault) from fault

    def _holders(self, claim_id: str) -> list[str]:
        found = self._client.api.containers(all=True, filters={"label": f"{CLAIM_LABEL}={claim_id}"})
        return [name for entry in found for name in _names(entry) if is_holder_name(name)]

    def _image_config(self, image: str) -> DeclaredPaths:
        config = self._client.images.get(image).attrs["Config"] or {}
        return DeclaredPaths(
            volumes=tuple(config.get("Volumes") or ()), workdir=config.get("WorkingDir") or ""
        )


def _load(client: docker.DockerClient, archive: Path | Iterable[bytes], instance: str) -> str:
    if isinstance(archive, Path):
        with archive.open("rb") as stream:
            images = client.images.load(stream)
    else:
        parts: Any = archive  # the stubs know files only; parts are sent as they come
        images = client.images.load(parts)
    image_id = str(images[0].id)
    images[0].tag(_REPOSITORY, tag=_tag(image_id, instance))
    return image_id


def _transient(what: str, fault: Exception) -> Transient:
    return Transient(f"{what}: {fault}.", remedy="It can be tried again.")


def _require_running(holder: Container, job: CaseJob) -> None:
    holder.reload()
    if not holder.attrs["State"]["Running"]:
        exit_code = holder.attrs["State"]["ExitCode"]
        raise DockerException(f"The holder image {job.holder_image} could not run `sleep`: exit {exit_code}.")


def _not_started(job: CaseJob, refusal: NotStarted) -> Execution:
    job.log.write_bytes(f"The container did not start: {refusal}\n".encode()[: job.limits.log])
    return Execution(not_started=True)


def _fault(job: CaseJob, fault: Exception) -> Execution:
    text = f"{type(fault).__name__}: {fault}"
    _log.warning("claim %s: engine fault: %s", job.claim_id, text)
    gpu = job.gpu is not None and _GPU_FAULT.search(text) is not None
    return Execution(engine_error=text, gpu_unavailable=gpu)


def _log_lines(case: Container) -> Iterable[bytes]:
    lines: Any = case.logs(stream=True, follow=False, tail=_LOG_LINES)
    return lines if not isinstance(lines, bytes) else [lines]


def _remove(request: Callable[[], object]) -> None:
    """Repeats while the engine says that the thing is busy; 404 is the proof that it is gone."""
    deadline = time.monotonic() + _GONE_SECONDS
    while True:
        try:
            request()
        except NotFound:
            return
        except APIError as fault:
            if fault.status_code != 409 or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _names(entry: Mapping[str, Any]) -> list[str]:
    return [name.lstrip("/") for name in entry["Names"] or []]


def _claim_of(labels: dict[str, str] | None, names: list[str]) -> str | None:
    """The claim, if the name says the same: an image can carry our labels, but cannot name its containers."""
    claim = (labels or {}).get(CLAIM_LABEL, "")
    ours = Names(claim)
    named = any(name in {ours.case, ours.data, ours.pred} or is_holder_name(name) for name in names)
    return claim if claim and named else None


def _tag(image_id: str, instance: str) -> str:
    """Each installation has its own, which is its hold on the image."""
    return f"{image_id.removeprefix('sha256:')}-{hashlib.sha256(instance.encode()).hexdigest()[:16]}"


def _own_tags(tags: Iterable[str], image_id: str, instance: str) -> list[str]:
    """Ours, and the one that earlier versions shared, where no other installation holds the image."""
    own, shared = _tag(image_id, instance), image_id.removeprefix("sha256:")
    held = {tag.removeprefix(f"{_REPOSITORY}:") for tag in tags if tag.startswith(f"{_REPOSITORY}:")}
    mine = {own, shared} if held <= {own, shared} else {own}
    return [f"{_REPOSITORY}:{tag}" for tag in sorted(held & mine)]


def _check_identifier(field: str, value: str) -> None:
    if not _IDENTIFIER.fullmatch(value):
        raise Invalid(f"{field} is {value!r}.", remedy="Use up to 64 letters, digits, '_', '.' or '-'.")
