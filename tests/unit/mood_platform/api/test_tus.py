"""tus headers: read strictly, written completely."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from fastapi import Request

from mood_platform.api.tus import offset_headers, read_metadata, read_number, require_version
from mood_platform.errors import Invalid


def request_with(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw})


def test_metadata_is_base64_by_name() -> None:
    request = request_with(upload_metadata="filename aW1hZ2UudGFy,filetype dGFy, empty ")
    assert read_metadata(request) == {"filename": "image.tar", "filetype": "tar", "empty": ""}


@pytest.mark.parametrize("value", ["filename %%%", "filename /w=="])
def test_metadata_that_is_no_base64_text_is_named(value: str) -> None:
    with pytest.raises(Invalid, match="Upload-Metadata"):
        read_metadata(request_with(upload_metadata=value))


@pytest.mark.parametrize("value", ["", "-1", "1.5", "1e3", "0x10", "٣", "9" * 30])
def test_a_number_of_bytes_is_plain_digits(value: str) -> None:
    with pytest.raises(Invalid, match="Upload-Length"):
        read_number(request_with(upload_length=value), "Upload-Length")


def test_another_version_is_refused() -> None:
    require_version(request_with(tus_resumable="1.0.0"))
    with pytest.raises(Invalid, match="Tus-Resumable"):
        require_version(request_with(tus_resumable="2.0.0"))


def test_the_image_is_named_once_there_is_one() -> None:
    when = datetime(2026, 9, 1, 12, tzinfo=UTC)
    headers = offset_headers(offset=3, size=10, expires_at=when, image=None)
    assert headers["Upload-Expires"] == "Tue, 01 Sep 2026 12:00:00 GMT"
    assert "Mood-Image" not in headers
    image = UUID(int=5)
    assert offset_headers(offset=10, size=10, expires_at=when, image=image)["Mood-Image"] == str(image)
