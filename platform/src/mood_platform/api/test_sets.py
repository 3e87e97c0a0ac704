"""Public test sets as one tar, so that `mood test` scores on exactly what the platform uses."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from mood_evaluator import Manifest
from mood_platform.api.archive import archive_size, stream_archive
from mood_platform.challenges.queries import find_public_test_set
from mood_platform.http.dependencies import Tx, World

router = APIRouter(tags=["test sets"])
TAR: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/x-tar": {}}, "description": "test_set.json, images/, labels/"}
}


@router.get("/test-sets/{name}/archive", response_class=StreamingResponse, responses=TAR)
def read_archive(name: str, tx: Tx, context: World) -> StreamingResponse:
    """Images, labels and manifest of a toy set."""
    manifest = Manifest.from_json(find_public_test_set(tx, name=name).manifest)
    headers = {
        "Content-Length": str(archive_size(context.store, manifest)),
        "Content-Disposition": f'attachment; filename="{manifest.name}.tar"',
        "ETag": f'"{manifest.digest}"',
    }
    return StreamingResponse(
        stream_archive(context.store, manifest), media_type="application/x-tar", headers=headers
    )
