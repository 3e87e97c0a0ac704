"""Why something failed: whose fault it is, and the one sentence a participant reads about it.

The texts are fixed on purpose. Nothing computed from a hidden case (a log line, a size, a time, a name)
ever enters them, so a failure cannot leak what the case looks like.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Blame(StrEnum):
    """Who pays for a failure: quota and retry rules read nothing else."""

    TEAM = "team"
    PLATFORM = "platform"


class FailureReason(StrEnum):
    """A closed set: code, blame, and the sentence with the next step."""

    blame: Blame
    text: str

    def __new__(cls, code: str, blame: Blame = Blame.PLATFORM, text: str = "") -> Self:
        # The defaults serve type checkers alone, to whom a look-up, FailureReason(code), is this call.
        member = str.__new__(cls, code)
        member._value_ = code
        member.blame = blame
        member.text = text
        return member

    # One case
    TIMED_OUT = (
        "timed_out",
        Blame.TEAM,
        (
            "The container was still running at the time limit and was killed; "
            "make it faster, and check its time with `mood test` on a machine like the one in the rules."
        ),
    )
    OUT_OF_MEMORY = (
        "out_of_memory",
        Blame.TEAM,
        (
            "The container used more memory than it may, files in /tmp, /dev/shm and /mnt/pred included; "
            "load less at once, or write fewer and smaller temporary files."
        ),
    )
    CRASHED = (
        "crashed",
        Blame.TEAM,
        (
            "The container ended with an error and wrote no prediction; "
            "run `mood test` and read the log of the case, then hand in a corrected image."
        ),
    )
    OUTPUT_MISSING = (
        "output_missing",
        Blame.TEAM,
        (
            "The container ended without a prediction; the pixel task writes /mnt/pred/case.nii.gz, "
            "the sample task /mnt/pred/case.nii.gz.txt (input name plus ending)."
        ),
    )
    OUTPUT_IRREGULAR = (
        "output_irregular",
        Blame.TEAM,
        (
            "The prediction is a link, folder, pipe or device, or has a time stamp beyond all years; "
            "write the data itself to that name, as an ordinary file."
        ),
    )
    OUTPUT_TOO_LARGE = (
        "output_too_large",
        Blame.TEAM,
        (
            "The prediction is larger than the output limit; pixel: write it once, compressed, as float32 "
            "and in the shape of the input; sample: one number on the first line, in a file of at most 4 KiB."
        ),
    )
    OUTPUT_INVALID = (
        "output_invalid",
        Blame.TEAM,
        (
            "The prediction could not be read as the task asks; "
            "pixel: a NIfTI file in the shape of the input; sample: one number on the first line."
        ),
    )
    NOT_STARTED = (
        "not_started",
        Blame.TEAM,
        (
            "The container could not be started from this image: its entry point, its command, or what it "
            "has at /mnt/data, /mnt/pred or /tmp is at fault; run `mood test` and correct the image."
        ),
    )
    BROKE_NODE = (
        "broke_node",
        Blame.TEAM,
        (
            "Machines of ours failed again and again while they ran this image, and the organizers decided "
            "that the image is the cause; ask them what was seen, correct the image and submit it again."
        ),
    )
    TOY_FAILED = (
        "toy_failed",
        Blame.TEAM,
        (
            "Every toy case failed, so no hidden case was started; "
            "read the toy report, correct the image and submit it again."
        ),
    )

    # The platform's own
    ENGINE_ERROR = (
        "engine_error",
        Blame.PLATFORM,
        "The container engine of the platform failed; the case is tried again, nothing is needed from you.",
    )
    LIMITS_REFUSED = (
        "limits_refused",
        Blame.PLATFORM,
        (
            "The container engine refuses the limits of this edition, which is not your fault; "
            "the organizers were told, nothing is needed from you."
        ),
    )
    GPU_UNAVAILABLE = (
        "gpu_unavailable",
        Blame.PLATFORM,
        "No GPU could be given to the container; the case is tried again, nothing is needed from you.",
    )
    LOST_LEASE = (
        "lost_lease",
        Blame.PLATFORM,
        "The worker of the case stopped answering; the case is tried again, nothing is needed from you.",
    )
    NODE_RESTARTED = (
        "node_restarted",
        Blame.PLATFORM,
        "The machine that ran the case was restarted; the case is tried again, nothing is needed from you.",
    )
    STARVED = (
        "starved",
        Blame.PLATFORM,
        (
            "The machine was too busy to give the case what the limits allow, and its time-out does not "
            "count; the case is run again by itself, nothing is needed from you."
        ),
    )
    ABANDONED = (
        "abandoned",
        Blame.PLATFORM,
        (
            "The platform failed several times on a case and gave up; "
            "the organizers were told and can start it again."
        ),
    )
    SCORING_FAILED = (
        "scoring_failed",
        Blame.PLATFORM,
        (
            "The platform failed several times to score this submission and gave up; "
            "the organizers were told and can start it again."
        ),
    )
    NOT_SCORED = (
        "not_scored",
        Blame.PLATFORM,
        (
            "The platform could not score the prediction of a case, which is not your fault; "
            "the organizers were told, nothing is needed from you."
        ),
    )
    CHECK_FAILED = (
        "check_failed",
        Blame.PLATFORM,
        (
            "The platform failed several times to check this image, which is not your fault; "
            "it cost you nothing, the organizers see it, and you can hand the image in again."
        ),
    )

    # An image archive that cannot be taken
    IMAGE_NOT_TAR = (
        "image_not_tar",
        Blame.TEAM,
        "The upload is not a tar archive (plain or gzip); make it with `docker save IMAGE | gzip`.",
    )
    IMAGE_COMPRESSION = (
        "image_compression",
        Blame.TEAM,
        (
            "The archive or a layer is packed in a way that is not read here; only plain and gzip are: "
            "use `docker save IMAGE | gzip`, or compression=gzip in buildx."
        ),
    )
    IMAGE_TRUNCATED = (
        "image_truncated",
        Blame.TEAM,
        "The archive ends too early or is damaged; make it again with `docker save` and upload it again.",
    )
    IMAGE_TOO_LARGE = (
        "image_too_large",
        Blame.TEAM,
        (
            "The unpacked image is larger than the limit in the rules; leave out caches, "
            "training data and packages that the prediction does not need."
        ),
    )
    STORAGE_FULL = (
        "storage_full",
        Blame.TEAM,
        (
            "The unpacked image does not fit into what your team may keep; remove images that you no longer "
            "need (`mood image list`, `mood image remove`), then hand it in again."
        ),
    )
    IMAGE_TOO_COMPLEX = (
        "image_too_complex",
        Blame.TEAM,
        (
            "The archive has far more files, layers or larger headers than an image needs; "
            "build the image from fewer files and save it again with `docker save`."
        ),
    )
    IMAGE_MANIFEST_MISSING = (
        "image_manifest_missing",
        Blame.TEAM,
        (
            "The archive has no manifest.json, so it is not (or not all) of what `docker save` writes; "
            "save the image with `docker save`, not the container with `docker export`."
        ),
    )
    IMAGE_SEVERAL = (
        "image_several",
        Blame.TEAM,
        "The archive holds more than one image; save exactly one with `docker save IMAGE`.",
    )
    IMAGE_WRONG_PLATFORM = (
        "image_wrong_platform",
        Blame.TEAM,
        "The image is not built for linux/amd64; build it with `docker build --platform linux/amd64`.",
    )
    IMAGE_LAYER_DIGEST = (
        "image_layer_digest",
        Blame.TEAM,
        (
            "A layer or the configuration does not match its digest; "
            "save the image again with `docker save` and upload it again."
        ),
    )
    IMAGE_CONFIG_TOO_LARGE = (
        "image_config_too_large",
        Blame.TEAM,
        "The configuration of the image is larger than 1 MiB; shorten its ENV, LABEL and RUN lines.",
    )
    IMAGE_UNREADABLE = (
        "image_unreadable",
        Blame.TEAM,
        "The archive is not built like an image; save it again with `docker save` of a current Docker.",
    )
    IMAGE_SCRIPT_MISSING = (
        "image_script_missing",
        Blame.TEAM,
        (
            "The image needs /workspace/run_TASK_brain.sh and /workspace/run_TASK_abdom.sh "
            "for at least one task (sample or pixel); COPY both into the image."
        ),
    )
    IMAGE_SCRIPT_UNREADABLE = (
        "image_script_unreadable",
        Blame.TEAM,
        (
            "A run script under /workspace, or what user 65532 owns anywhere in the image, is not readable "
            "by other users, and each case runs as a user of its own; make all of it readable: "
            "`chmod -R a+rX /workspace`, and the same for what is named elsewhere."
        ),
    )
    IMAGE_FORBIDDEN_ENV = (
        "image_forbidden_env",
        Blame.TEAM,
        "The image sets LD_PRELOAD or LD_AUDIT, which is not allowed here; remove that ENV line.",
    )
    IMAGE_FORBIDDEN_VOLUME = (
        "image_forbidden_volume",
        Blame.TEAM,
        "The image declares a VOLUME that hides its own files under /workspace; remove that VOLUME line.",
    )
    IMAGE_WORKDIR = (
        "image_workdir",
        Blame.TEAM,
        "The WORKDIR of the image lies under /proc or /sys; choose an ordinary folder, such as /workspace.",
    )
    IMAGE_ACCOUNTS = (
        "image_accounts",
        Blame.TEAM,
        (
            "In the image /etc is not a folder, or /etc/passwd or /etc/group is not an ordinary small file, "
            "and the container engine reads both; make them ordinary files."
        ),
    )
