"""Headers of tus 1.0.0: what clients send, and what they get back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from uuid import UUID

from fastapi import Request

from mood_platform.errors import Invalid

VERSION = "1.0.0"
PART_TYPE = "application/offset+octet-stream"
ABOUT = {"Tus-Version": VERSION, "Tus-Extension": "creation,expiration,termination"}
RESUMABLE = {"Tus-Resumable": VERSION}


def require_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise Invalid("Header Tus-Resumable: it is missing or another version.", remedy=f"Send {VERSION}.")


def read_number(request: Request, name: str) -> int:
    value = request.headers.get(name, "")
    if not (value.isascii() and value.isdecimal() and len(value) < 19):
        raise Invalid(f"Header {name}: it is no number of bytes.", remedy="Send a whole number.")
    return int(value)


def read_metadata(request: Request) -> dict[str, str]:
    """`Upload-Metadata: name base64,name base64`"""
    pairs = (
        pair.strip().partition(" ") for pair in request.headers.get("upload-metadata", "").split(",") if pair
    )
    try:
        return {name: base64.b64decode(value.strip(), validate=True).decode() for name, _, value in pairs}
    except (binascii.Error, UnicodeDecodeError):
        raise Invalid(
            "Header Upload-Metadata: a value is not base64 of text.", remedy="Encode each value."
        ) from None


def offset_headers(*, offset: int, size: int, expires_at: datetime, image: UUID | None) -> Mapping[str, str]:
    """Where the upload stands; `Mood-Image` names the image once all bytes are here."""
    headers = {**RESUMABLE, "Upload-Offset": str(offset), "Upload-Length": str(size)}
    headers["Upload-Expires"] = format_datetime(expires_at, usegmt=True)
    return headers | ({"Mood-Image": str(image)} if image else {})
