"""Hostile and broken image archives as one table: what comes in, its reason, what the team reads."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from mood_platform.failures import FailureReason as Why
from mood_support.archive_bombs import (
    countless_files,
    countless_layers,
    deep_path,
    header,
    long_name_bomb,
    nested_names,
    pax_bomb,
)
from mood_support.image_archives import (
    SCRIPTS,
    ImageDraft,
    Member,
    as_json,
    scripts,
    sha256,
    tar_of,
)

LIMIT = 2**24
"""Bytes of the unpacked image that these attacks meet; they are small, so that tests are fast."""
NOISE = b"".join(index.to_bytes(4, "big") * 16 for index in range(4096))
Build = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Attack:
    name: str
    build: Build
    reason: Why | None
    """None: it looks odd, but is accepted."""
    says: str = ""
    """Part of what the team reads beside the reason's fixed text."""
    bomb: bool = False
    """Only the limits of the checking process end it."""


def _draft(**changes: object) -> Build:
    return lambda: ImageDraft(**changes).archive()  # type: ignore[arg-type]  # the table says what it means


def _layers(*layers: Callable[[], bytes]) -> Build:
    return lambda: ImageDraft(layers=[layer() for layer in layers]).archive()


def _layer(*members: Member) -> Build:
    return lambda: ImageDraft(layers=[tar_of(*members)]).archive()


def _added(*members: Member) -> Build:
    """A good layer and one more with these members."""
    return lambda: ImageDraft(layers=[tar_of(*scripts()), tar_of(*members)]).archive()


def _good() -> bytes:
    return ImageDraft().archive()


def _cut_at(mark: bytes) -> Build:
    return lambda: _good()[: _good().index(mark)]


def _zip() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("manifest.json", "[]")
    return sink.getvalue()


def _only(*parts: str) -> list[Member]:
    return [
        one for one in scripts() if one.type == tarfile.DIRTYPE or any(part in one.name for part in parts)
    ]


def _links(target: str) -> list[Member]:
    return [Member(name, type=tarfile.SYMTYPE, target=target) for name in SCRIPTS]


def _config(raw: str) -> Build:
    """A config JSON as written, with the right layer in it at LAYER."""
    layer = sha256(tar_of(*scripts()))
    return lambda: ImageDraft(raw_config=raw.replace("LAYER", f"sha256:{layer}").encode()).archive()


def _packed_layer(pack: Callable[[bytes], bytes]) -> Build:
    def build() -> bytes:
        layer = tar_of(*scripts())
        draft = ImageDraft(outer={"rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer)}"]}})
        draft.layers = [pack(layer)]
        return draft.archive()

    return build


def _one_layer_many_times(count: int) -> bytes:
    layer = tar_of(*scripts(), Member("noise", NOISE))
    draft = ImageDraft(layers=[layer] * count, layer_names=["one.tar"])
    index = {"Config": f"{sha256(draft.config_bytes())}.json", "Layers": ["one.tar"] * count}
    files = [Member("one.tar", layer), Member(str(index["Config"]), draft.config_bytes())]
    return tar_of(*files, Member("manifest.json", as_json([index])))


def _zstd(content: bytes) -> bytes:
    return b"\x28\xb5\x2f\xfd" + content


NO_IMAGE = (
    Attack("empty file", lambda: b"", Why.IMAGE_NOT_TAR),
    Attack("text", lambda: b"hello, this is no archive\n" * 99, Why.IMAGE_NOT_TAR),
    Attack("zip", _zip, Why.IMAGE_NOT_TAR),
    Attack("gzip of text", lambda: gzip.compress(b"hello" * 999), Why.IMAGE_NOT_TAR),
    Attack("gzip of gzip", lambda: gzip.compress(gzip.compress(_good())), Why.IMAGE_NOT_TAR),
    Attack("zstd", lambda: _zstd(_good()), Why.IMAGE_COMPRESSION, "The archive is packed with zstd"),
    Attack("bzip2", lambda: bz2.compress(_good()), Why.IMAGE_COMPRESSION, "packed with bzip2"),
    Attack("xz", lambda: lzma.compress(_good()), Why.IMAGE_COMPRESSION, "packed with xz"),
    Attack("docker export", lambda: tar_of(*scripts()), Why.IMAGE_MANIFEST_MISSING),
    Attack("cut in the first layer", lambda: _good()[:2000], Why.IMAGE_TRUNCATED),
    Attack("cut in the configuration", _cut_at(b'"architecture"'), Why.IMAGE_TRUNCATED),
    Attack("gzip cut", lambda: gzip.compress(_good())[:-20], Why.IMAGE_TRUNCATED),
    Attack("gzip and garbage", lambda: gzip.compress(_good()) + b"garbage" * 99, Why.IMAGE_TRUNCATED),
    Attack("tar and garbage", lambda: _good() + b"garbage" * 99, None),
)
OUTER = (
    Attack("device", _draft(extra=[Member("disk", type=tarfile.BLKTYPE)]), Why.IMAGE_UNREADABLE, "'disk'"),
    Attack("pipe", _draft(extra=[Member("pipe", type=tarfile.FIFOTYPE)]), Why.IMAGE_UNREADABLE, "'pipe'"),
    Attack("manifest twice", _draft(extra=[Member("manifest.json", b"[]")]), Why.IMAGE_UNREADABLE, "twice"),
    Attack("extra members", _draft(extra=[Member("../../etc/cron.d/x"), Member("/etc/passwd")]), None),
    Attack("odd names", _draft(extra=[Member("\u202etxt.\n\x1b[31m"), Member("\udcff")]), None),
    Attack(
        "layer outside", _draft(layer_names=["../../../etc/shadow", "/etc/shadow"]), Why.IMAGE_LAYER_DIGEST
    ),
    Attack("layer missing", _draft(layer_names=["a.tar", "b.tar"]), Why.IMAGE_TRUNCATED, "b.tar is missing"),
    Attack(
        "layer is a link to the host",
        _draft(layer_names=["a.tar", "l"], extra=[Member("l", type=tarfile.SYMTYPE, target="/etc/shadow")]),
        Why.IMAGE_TRUNCATED,
        "etc/shadow is missing",
    ),
    Attack(
        "layers link in a circle",
        _draft(
            layer_names=["a.tar", "l"],
            extra=[
                Member("l", type=tarfile.SYMTYPE, target="m"),
                Member("m", type=tarfile.LNKTYPE, target="l"),
            ],
        ),
        Why.IMAGE_UNREADABLE,
    ),
    Attack(
        "wrong digest of a layer",
        _draft(outer={"rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}),
        Why.IMAGE_LAYER_DIGEST,
        "1 of 1 layers do not match",
    ),
    Attack("wrong digest of the config", _draft(config_name="0" * 64 + ".json"), Why.IMAGE_LAYER_DIGEST),
    Attack("two images", _draft(copies=2), Why.IMAGE_SEVERAL, "holds 2 images"),
    Attack("no image", _draft(copies=0), Why.IMAGE_SEVERAL, "holds 0 images"),
    Attack("zstd layer", _packed_layer(_zstd), Why.IMAGE_COMPRESSION, "layer0/layer.tar is packed with zstd"),
    Attack(
        "text as a layer", _packed_layer(lambda _: b"hello" * 999), Why.IMAGE_UNREADABLE, "neither a plain"
    ),
    Attack("tags of other images", _draft(tags=["mood-base:bookworm", "python:3.11-slim"]), None),
)
LAYOUTS = (
    Attack("OCI layout", lambda: ImageDraft().layout(), None),
    Attack("OCI layout in an index", lambda: ImageDraft(compress_layers=True).layout(nested=True), None),
    Attack(
        "OCI layout with an attestation", lambda: ImageDraft().layout("linux/amd64", "unknown/unknown"), None
    ),
    Attack("OCI layout, several platforms", lambda: ImageDraft().layout("linux/arm64", "linux/amd64"), None),
    Attack(
        "OCI layout, none of ours",
        lambda: ImageDraft().layout("linux/arm64", "windows/amd64"),
        Why.IMAGE_WRONG_PLATFORM,
        "built for linux/arm64, windows/amd64",
    ),
    Attack(
        "OCI layout, two images",
        lambda: ImageDraft().layout("linux/amd64", "linux/amd64"),
        Why.IMAGE_SEVERAL,
        "holds 2 images",
    ),
    Attack("OCI index that is no list", lambda: tar_of(Member("index.json", b"{}")), Why.IMAGE_UNREADABLE),
)
LAYERS = (
    Attack("no script", _layer(Member("etc/passwd")), Why.IMAGE_SCRIPT_MISSING, "run_sample_brain.sh"),
    Attack("one dataset only", _layer(*_only("brain")), Why.IMAGE_SCRIPT_MISSING, "run_pixel_abdom.sh"),
    Attack("one task only", _layer(*_only("pixel")), None),
    Attack(
        "scripts are folders",
        _layer(*(Member(name, type=tarfile.DIRTYPE, mode=0o755) for name in SCRIPTS)),
        Why.IMAGE_SCRIPT_MISSING,
    ),
    Attack("scripts are dangling links", _layer(*_links("gone.sh")), Why.IMAGE_SCRIPT_MISSING),
    Attack("scripts are links out", _layer(*_links("../../../../bin/x")), Why.IMAGE_SCRIPT_MISSING),
    Attack(
        "scripts are circles",
        _layer(*(Member(name, type=tarfile.SYMTYPE, target=f"/{name}") for name in SCRIPTS)),
        Why.IMAGE_SCRIPT_MISSING,
    ),
    Attack("scripts of root alone", _layer(*scripts(mode=0o700)), Why.IMAGE_SCRIPT_UNREADABLE, "run_"),
    Attack(
        "folder of root alone",
        _layer(*scripts(folder_mode=0o700)),
        Why.IMAGE_SCRIPT_UNREADABLE,
        "other users: /workspace.",
    ),
    Attack("deleted later", _added(Member("workspace/.wh.run_pixel_brain.sh"), Member(".wh.workspace")),
           Why.IMAGE_SCRIPT_MISSING, "run_pixel_brain.sh"),
    Attack("hidden by an opaque folder", _added(Member("workspace/.wh..wh..opq")), Why.IMAGE_SCRIPT_MISSING),
    Attack("hidden by a file", _added(Member("workspace")), Why.IMAGE_SCRIPT_MISSING),
    Attack("name that leads out", _added(Member("a/../../../etc/cron.d/x")), Why.IMAGE_UNREADABLE, "leads"),
    Attack("GNU sparse file", lambda: ImageDraft(layers=[
        tar_of(*scripts()), header("huge", kind=tarfile.GNUTYPE_SPARSE, real_size=LIMIT // 2) + bytes(1024),
    ]).archive(), Why.IMAGE_UNREADABLE, "sparse file 'huge'"),
    Attack("pax sparse file", lambda: ImageDraft(layers=[
        tar_of(*scripts(), Member("huge", b"", pax={"GNU.sparse.size": "9999999", "GNU.sparse.map": "0,0"}),
               format=tarfile.PAX_FORMAT),
    ]).archive(), Why.IMAGE_UNREADABLE, "sparse file 'huge'"),
    Attack("sparse file of 4 TB", lambda: ImageDraft(layers=[
        tar_of(*scripts()), header("huge", kind=tarfile.GNUTYPE_SPARSE, real_size=2**42) + bytes(1024),
    ]).archive(), Why.IMAGE_TOO_LARGE),
    Attack("accounts are a pipe", _added(Member("etc/passwd", type=tarfile.FIFOTYPE)), Why.IMAGE_ACCOUNTS),
    Attack("negative size", _layers(lambda: tar_of(*scripts()), lambda: header("x", size_field=b"\xff" * 12)),
           Why.IMAGE_TRUNCATED, "damaged"),
    Attack("size of exabytes", _layers(lambda: header("x", size_field=b"\x80" + b"\0" * 3 + b"\x7f" * 8)),
           Why.IMAGE_TOO_LARGE),
)  # fmt: skip
CONFIGS = (
    Attack("arm64", _draft(outer={"architecture": "arm64"}), Why.IMAGE_WRONG_PLATFORM, "for linux/arm64"),
    Attack("windows", _draft(outer={"os": "windows"}), Why.IMAGE_WRONG_PLATFORM, "for windows/amd64"),
    Attack("no JSON", _config("{'os'"), Why.IMAGE_UNREADABLE, "is not JSON"),
    Attack("UTF-16", lambda: ImageDraft(raw_config='{"os": "linux"}'.encode("utf-16-le")).archive(),
           Why.IMAGE_UNREADABLE, "is not JSON"),
    Attack("a list", _config("[]"), Why.IMAGE_UNREADABLE, "not a dict"),
    Attack("a text for a list", _draft(config={"Env": "PATH=/bin"}), Why.IMAGE_UNREADABLE, "config.Env"),
    Attack("nested without end", _config('{"os":' + "[" * 100_000), Why.IMAGE_UNREADABLE, "is not JSON"),
    Attack("NaN", _config('{"x": NaN, "os": "linux"}'), Why.IMAGE_UNREADABLE, "is not JSON"),
    Attack("a field twice", _config('{"os": "linux", "os": "windows"}'), Why.IMAGE_UNREADABLE, "is not JSON"),
    Attack("a field in two spellings", _config('{"os": "linux", "OS": "windows"}'),
           Why.IMAGE_UNREADABLE, "field twice"),
    Attack("hidden by its spelling", _config(
        '{"os": "linux", "Architecture": "amd64", "rootfs": {"DIFF_IDS": ["LAYER"]},'
        ' "CONFIG": {"ENV": ["LD_PRELOAD=/x.so"]}}'), Why.IMAGE_FORBIDDEN_ENV, "sets LD_PRELOAD"),
    Attack("giant", _draft(config={"Labels": {"x": "y" * 2**20}}), Why.IMAGE_CONFIG_TOO_LARGE),
    Attack("no file system", _draft(outer={"rootfs": None}), Why.IMAGE_UNREADABLE, "rootfs"),
    Attack("LD_PRELOAD", _draft(config={"Env": ["LD_PRELOAD=/x.so"]}), Why.IMAGE_FORBIDDEN_ENV, "LD_PRELOAD"),
    Attack("LD_AUDIT", _draft(config={"Env": ["LD_AUDIT=/x.so"]}), Why.IMAGE_FORBIDDEN_ENV, "sets LD_AUDIT"),
    Attack("LD_PRELOAD taken away", _draft(config={"Env": ["LD_PRELOAD="]}), None),
    Attack("WORKDIR under /proc", _draft(config={"WorkingDir": "/proc/self/fd/8"}), Why.IMAGE_WORKDIR, "fd"),
    Attack("WORKDIR under /sys", _draft(config={"WorkingDir": "/a/../sys/fs"}), Why.IMAGE_WORKDIR),
    Attack("VOLUME over the scripts", _draft(config={"Volumes": {"/workspace/": {}}}),
           Why.IMAGE_FORBIDDEN_VOLUME, "VOLUME /workspace/"),
    Attack("VOLUME over a script", _draft(config={"Volumes": {"/workspace/run_pixel_brain.sh": {}}}),
           Why.IMAGE_FORBIDDEN_VOLUME),
    Attack("VOLUME over everything", _draft(config={"Volumes": {"/": {}}}), Why.IMAGE_FORBIDDEN_VOLUME),
    Attack("VOLUME elsewhere", _draft(config={"Volumes": {"/cache": {}, "/workspace/models": {}}}), None),
    Attack("USER root and ONBUILD", _draft(config={"User": "root", "OnBuild": ["RUN reboot"]}), None),
)  # fmt: skip
SIZES = (
    Attack("larger than the limit", _layer(*scripts(), Member("big", bytes(LIMIT))), Why.IMAGE_TOO_LARGE),
    Attack("gzip bomb", lambda: gzip.compress(
        ImageDraft(layers=[tar_of(*scripts(), Member("zeros", bytes(4 * LIMIT)))]).archive(), 1),
        Why.IMAGE_TOO_LARGE),
    Attack("gzip bomb as a layer", lambda: ImageDraft(
        layers=[tar_of(*scripts(), Member("zeros", bytes(2 * LIMIT)))], compress_layers=True).archive(),
        Why.IMAGE_TOO_LARGE),
    Attack("one layer a hundred times", lambda: _one_layer_many_times(100), Why.IMAGE_TOO_LARGE),
    Attack("thousands of layers", lambda: countless_layers(2000), Why.IMAGE_TOO_COMPLEX, "2000 layers"),
    Attack("countless files", lambda: countless_files(10_001), Why.IMAGE_TOO_COMPLEX),
    Attack("pax bomb", pax_bomb, Why.IMAGE_TOO_COMPLEX, "out of memory", bomb=True),
    Attack("GNU long name bomb", long_name_bomb, Why.IMAGE_TOO_COMPLEX, "out of memory", bomb=True),
    Attack("names of names", nested_names, Why.IMAGE_TOO_COMPLEX, "nested without end", bomb=True),
    Attack("a path of a million folders", deep_path, Why.IMAGE_TOO_COMPLEX, "out of memory", bomb=True),
)  # fmt: skip
ATTACKS = NO_IMAGE + OUTER + LAYOUTS + LAYERS + CONFIGS + SIZES
