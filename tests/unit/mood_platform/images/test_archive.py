"""Image archives: what is accepted, what is refused and why, and what the clean copy holds."""

import gzip
import hashlib
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mood_evaluator import Task
from mood_platform.errors import SubmissionFault
from mood_platform.failures import FailureReason as Why
from mood_platform.images.archive import rewrite_archive
from mood_platform.images.image_config import CHECK, ImageFacts
from mood_support.image_archives import inspect_archive

LIMIT = 2**26
Write = Callable[[Any], Path]


def refusal(path: Path, *, limit: int = LIMIT) -> Why:
    with pytest.raises(SubmissionFault) as caught:
        inspect_archive(path, limit=limit)
    return caught.value.reason


def test_facts_of_a_sound_archive(write: Write, draft: Any) -> None:
    image = draft(
        config={
            "Entrypoint": ["/entry"],
            "WorkingDir": "/w",
            "Env": ["PATH=/bin", "LD_PRELOAD="],
            "Volumes": {"/v": {}},
        }
    )
    path = write(image)
    facts = inspect_archive(path, limit=LIMIT)
    assert facts.digest == f"sha256:{hashlib.sha256(image.config_bytes()).hexdigest()}"
    assert facts.archive_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (facts.size, facts.unpacked) == (path.stat().st_size, len(image.layers[0]))
    assert facts.tasks == (Task.SAMPLE, Task.PIXEL)
    assert (facts.entrypoint, facts.workdir, facts.volumes) == (("/entry",), "/w", ("/v",))
    assert facts.env_names == ("PATH",)
    assert ImageFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


@pytest.mark.parametrize("outer", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("inner", [False, True], ids=["plain layers", "gzip layers"])
def test_compression_changes_neither_digest_nor_content(
    write: Write, draft: Any, tmp_path: Path, outer: bool, inner: bool
) -> None:
    content = draft(compress_layers=inner).archive()
    target = tmp_path / "clean.tar"
    facts = rewrite_archive(write(gzip.compress(content) if outer else content), target, limit=LIMIT)
    assert facts.digest == inspect_archive(write(draft()), limit=LIMIT).digest
    assert inspect_archive(target, limit=LIMIT).digest == facts.digest


def test_the_clean_copy_has_no_tags_and_nothing_unnamed(
    write: Write, draft: Any, member: Any, tmp_path: Path
) -> None:
    extra = [member("repositories", b"{}"), member("oci-layout", b"{}"), member("junk.bin", b"x" * 999)]
    target = tmp_path / "clean.tar"
    facts = rewrite_archive(write(draft(tags=["ubuntu:latest"], extra=extra)), target, limit=LIMIT)
    with tarfile.open(target) as clean:
        names = clean.getnames()
        manifest = json.load(clean.extractfile("manifest.json"))  # type: ignore[arg-type]
    config_name = f"{facts.digest.removeprefix('sha256:')}.json"
    assert manifest == [{"Config": config_name, "RepoTags": None, "Layers": [names[0]]}]
    assert sorted(names) == sorted([names[0], config_name, "manifest.json"])


def test_equal_layers_that_link_to_each_other_are_followed(
    write: Write, draft: Any, member: Any, tar: Any, run_scripts: Any, tmp_path: Path
) -> None:
    layer = tar(*run_scripts())
    link = member("b/layer.tar", type=tarfile.SYMTYPE, target="../a/layer.tar")
    image = draft(layers=[layer, layer], layer_names=["a/layer.tar", "b/layer.tar"])
    config = image.config_bytes()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps(
        [{"Config": name, "RepoTags": None, "Layers": ["a/layer.tar", "b/layer.tar"]}]
    ).encode()
    content = tar(member("a/layer.tar", layer), link, member(name, config), member("manifest.json", manifest))
    target = tmp_path / "clean.tar"
    facts = rewrite_archive(write(content), target, limit=LIMIT)
    assert inspect_archive(target, limit=LIMIT).digest == facts.digest


def test_one_complete_task_is_enough(write: Write, draft: Any, tar: Any, run_scripts: Any) -> None:
    layer = tar(*[entry for entry in run_scripts() if "sample" not in entry.name])
    assert inspect_archive(write(draft(layers=[layer])), limit=LIMIT).tasks == (Task.PIXEL,)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"outer": {"architecture": "arm64"}}, Why.IMAGE_WRONG_PLATFORM),
        ({"outer": {"os": "windows"}}, Why.IMAGE_WRONG_PLATFORM),
        ({"copies": 2}, Why.IMAGE_SEVERAL),
        ({"copies": 0}, Why.IMAGE_SEVERAL),
        ({"config": {"Env": ["LD_PRELOAD=/x.so"]}}, Why.IMAGE_FORBIDDEN_ENV),
        ({"config": {"Env": ["LD_AUDIT=/x.so"]}}, Why.IMAGE_FORBIDDEN_ENV),
        ({"config": {"WorkingDir": "/proc/self/fd/8"}}, Why.IMAGE_WORKDIR),
        ({"config": {"Volumes": {"/workspace": {}}}}, Why.IMAGE_FORBIDDEN_VOLUME),
        ({"config": {"Volumes": {"/": {}}}}, Why.IMAGE_FORBIDDEN_VOLUME),
        ({"config": {"Labels": {"x": "y" * 2**20}}}, Why.IMAGE_CONFIG_TOO_LARGE),
        ({"config": {"Env": "PATH=/bin"}}, Why.IMAGE_UNREADABLE),
        ({"config": {"Env": [1]}}, Why.IMAGE_UNREADABLE),
        ({"outer": {"rootfs": None}}, Why.IMAGE_UNREADABLE),
        ({"outer": {"rootfs": {"diff_ids": ["sha256:" + "0" * 64]}}}, Why.IMAGE_LAYER_DIGEST),
        ({"outer": {"rootfs": {"diff_ids": []}}}, Why.IMAGE_LAYER_DIGEST),
        ({"config_name": "0" * 64 + ".json"}, Why.IMAGE_LAYER_DIGEST),
        ({"layers": [b"no tar at all, but long enough" * 99]}, Why.IMAGE_UNREADABLE),
        ({"layers": []}, Why.IMAGE_UNREADABLE),
        ({"layer_names": ["here.tar", "missing.tar"]}, Why.IMAGE_TRUNCATED),
        ({"layers": [b"\x1f\x8b" + b"damaged" * 99]}, Why.IMAGE_TRUNCATED),
    ],
)  # fmt: skip
def test_it_is_refused(write: Write, draft: Any, changes: dict[str, Any], expected: Why) -> None:
    assert refusal(write(draft(**changes))) is expected


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04 zip", gzip.compress(b"no tar", mtime=0), b"x" * 5000]
)
def test_what_is_no_tar_is_refused(write: Write, content: bytes) -> None:
    assert refusal(write(content)) is Why.IMAGE_NOT_TAR


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_an_archive_cut_at_any_place_is_truncated(
    write: Write, draft: Any, tar: Any, member: Any, run_scripts: Any, share: float, compress: bool
) -> None:
    noise = hashlib.shake_256(b"noise").digest(200_000)
    content = draft(layers=[tar(*run_scripts(), member("noise", noise))]).archive()
    content = gzip.compress(content) if compress else content
    assert refusal(write(content[: int(len(content) * share)])) is Why.IMAGE_TRUNCATED


def test_an_exported_container_is_no_image(write: Write, tar: Any, run_scripts: Any) -> None:
    assert refusal(write(tar(*run_scripts()))) is Why.IMAGE_MANIFEST_MISSING


def test_a_name_that_comes_twice_is_refused(write: Write, draft: Any, member: Any) -> None:
    assert refusal(write(draft(extra=[member("manifest.json", b"[]")]))) is Why.IMAGE_UNREADABLE


def test_a_device_in_the_archive_is_refused(write: Write, draft: Any, member: Any) -> None:
    assert refusal(write(draft(extra=[member("disk", type=tarfile.BLKTYPE)]))) is Why.IMAGE_UNREADABLE


def test_the_unpacked_size_counts_not_the_compressed(
    write: Write, draft: Any, tar: Any, member: Any, run_scripts: Any
) -> None:
    image = draft(layers=[tar(*run_scripts(), member("zeros", bytes(3 * 2**20)))], compress_layers=True)
    assert inspect_archive(write(image), limit=4 * 2**20).tasks
    assert refusal(write(image), limit=2 * 2**20) is Why.IMAGE_TOO_LARGE


def test_an_archive_of_countless_files_is_refused(write: Write, draft: Any, member: Any) -> None:
    extra = [member(f"x{index}", b"") for index in range(10_001)]
    assert refusal(write(draft(extra=extra))) is Why.IMAGE_TOO_COMPLEX


def test_missing_scripts_are_named(write: Write, draft: Any, tar: Any, member: Any) -> None:
    with pytest.raises(SubmissionFault, match=r"run_sample_brain\.sh") as caught:
        inspect_archive(write(draft(layers=[tar(member("etc/passwd"))])), limit=LIMIT)
    assert caught.value.reason is Why.IMAGE_SCRIPT_MISSING


def test_an_unreadable_script_is_named(write: Write, draft: Any, tar: Any, run_scripts: Any) -> None:
    with pytest.raises(SubmissionFault, match=r"/workspace/run_pixel_abdom\.sh") as caught:
        inspect_archive(write(draft(layers=[tar(*run_scripts(mode=0o600))])), limit=LIMIT)
    assert caught.value.reason is Why.IMAGE_SCRIPT_UNREADABLE


def test_a_file_beside_the_scripts_that_user_65532_keeps_for_itself_is_named(
    write: Write, draft: Any, tar: Any, member: Any, run_scripts: Any
) -> None:
    weights = member("workspace/weights.pt", mode=0o600, uid=65532)
    with pytest.raises(SubmissionFault, match=r"owner 65532 alone: /workspace/weights\.pt\.") as caught:
        inspect_archive(write(draft(layers=[tar(*run_scripts(), weights)])), limit=LIMIT)
    assert caught.value.reason is Why.IMAGE_SCRIPT_UNREADABLE
    assert "chmod -R a+rX /workspace" in caught.value.reason.text


def test_a_folder_that_user_65532_keeps_for_itself_is_named_wherever_it_lies_with_what_opens_it(
    write: Write, draft: Any, tar: Any, member: Any, run_scripts: Any
) -> None:
    folder = member("opt/my model", type=tarfile.DIRTYPE, mode=0o700, uid=65532)
    weights = member("opt/my model/weights.pt", uid=65532)
    with pytest.raises(SubmissionFault) as caught:
        inspect_archive(write(draft(layers=[tar(*run_scripts(), folder, weights)])), limit=LIMIT)
    assert caught.value.reason is Why.IMAGE_SCRIPT_UNREADABLE
    assert caught.value.detail == (
        "Readable by their owner 65532 alone: /opt/my model. "
        "Add to the Dockerfile: RUN chmod -R a+rX '/opt/my model'"
    )


def test_of_many_closed_files_five_are_named_and_one_command_opens_all(
    write: Write, draft: Any, tar: Any, member: Any, run_scripts: Any
) -> None:
    closed = [member(f"opt/{index}", mode=0o600, uid=65532) for index in range(7)]
    with pytest.raises(SubmissionFault) as caught:
        inspect_archive(write(draft(layers=[tar(*run_scripts(), *closed)])), limit=LIMIT)
    assert "/opt/4 and 2 more. " in caught.value.detail
    assert caught.value.detail.endswith("RUN find / -xdev -user 65532 -exec chmod a+rX {} +")


@pytest.mark.parametrize(
    "kept",
    [{"name": "root/.netrc"}, {"name": "home/me/notes", "uid": 1000}, {"name": "tmp/left", "uid": 65532}],
)
def test_private_files_of_others_and_what_lies_where_a_case_has_its_own_files_are_ordinary(
    write: Write, draft: Any, tar: Any, member: Any, run_scripts: Any, kept: dict[str, Any]
) -> None:
    image = write(draft(layers=[tar(*run_scripts(), member(**kept, mode=0o600))]))
    assert inspect_archive(image, limit=LIMIT).tasks


def test_facts_name_the_version_of_the_check_and_older_ones_are_read_as_the_first(
    write: Write, draft: Any
) -> None:
    facts = inspect_archive(write(draft()), limit=LIMIT)
    older = {name: value for name, value in facts.to_json().items() if name != "check"}
    assert (facts.check, ImageFacts.from_json(older).check) == (CHECK, 1)


def test_an_unreadable_folder_is_named(
    write: Write, draft: Any, tar: Any, member: Any, run_scripts: Any
) -> None:
    closed = member("workspace", type=tarfile.DIRTYPE, mode=0o700)
    with pytest.raises(SubmissionFault, match=r"Not readable by other users: /workspace\.") as caught:
        inspect_archive(write(draft(layers=[tar(*run_scripts(), closed)])), limit=LIMIT)
    assert caught.value.reason is Why.IMAGE_SCRIPT_UNREADABLE
