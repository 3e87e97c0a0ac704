"""Finds the one image of an OCI layout, which buildx and skopeo write instead of a manifest.json."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mood_platform.errors import SubmissionFault
from mood_platform.failures import FailureReason
from mood_platform.images.image_config import PLATFORM, parse_json, unreadable

_INDEX = "/index.json"
_DIGEST = re.compile("sha256:([0-9a-f]{64})")
_UNKNOWN = "unknown/unknown"
"""Platform of an attestation: it stands beside the images in an index, but is none."""

Documents = Mapping[str, bytes]
"""The JSON files of an archive, by absolute member name."""


def find_oci_image(documents: Documents) -> dict[str, object] | None:
    """`Config` and `Layers` as a manifest.json would name them; None if this is no OCI layout."""
    if _INDEX not in documents:
        return None
    found = list(_images(documents))
    fitting = [image for image in found if _platform(image) in (None, PLATFORM)]
    if found and not fitting:
        platforms = ", ".join(sorted({str(_platform(image)) for image in found}))
        raise SubmissionFault(FailureReason.IMAGE_WRONG_PLATFORM, f"The archive is built for {platforms}.")
    if len(fitting) != 1:
        raise SubmissionFault(FailureReason.IMAGE_SEVERAL, f"The archive holds {len(fitting)} images.")
    manifest = _document(documents, _blob(fitting[0]))
    return {"Config": _blob(manifest.get("config")), "Layers": _blobs(manifest.get("layers"))}


def _images(documents: Documents) -> Iterator[dict[str, Any]]:
    """Descriptors of images; an index may stand inside an index, and each is read once."""
    indexes = [_INDEX]
    for name in indexes:
        descriptors = _document(documents, name).get("manifests")
        if not isinstance(descriptors, list) or not all(isinstance(one, dict) for one in descriptors):
            raise unreadable(f"{name[1:]} lists no images.")
        for descriptor in descriptors:
            kind = str(descriptor.get("mediaType", ""))
            if "index" in kind or "manifest.list" in kind:
                indexes += {_blob(descriptor)}.difference(indexes)
            elif _platform(descriptor) != _UNKNOWN:
                yield descriptor


def _platform(descriptor: Mapping[str, Any]) -> str | None:
    platform = descriptor.get("platform")
    return f"{platform.get('os')}/{platform.get('architecture')}" if isinstance(platform, dict) else None


def _document(documents: Documents, name: str) -> dict[str, Any]:
    if name not in documents:
        raise SubmissionFault(FailureReason.IMAGE_TRUNCATED, f"{name[1:]} is missing.")
    document = parse_json(documents[name], name=name[1:])
    if not isinstance(document, dict):
        raise unreadable(f"{name[1:]} is not what an OCI layout holds there.")
    return document


def _blobs(descriptors: object) -> list[str]:
    return [_blob(one) for one in descriptors] if isinstance(descriptors, list) else []


def _blob(descriptor: object) -> str:
    """The member that holds what a descriptor names."""
    digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
    named = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    if named is None:
        raise unreadable("The OCI layout names a part without a SHA-256.")
    return f"/blobs/sha256/{named[1]}"
