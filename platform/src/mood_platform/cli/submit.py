"""`mood submit`: from a local image or archive to Submissions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from mood_evaluator import Task
from mood_platform.cli.archives import Archive, find_archive
from mood_platform.cli.choices import OpenChallenge, Tasks, find_open_challenge, parse_tasks
from mood_platform.cli.client import Client, View, at, patiently
from mood_platform.cli.console import AsJson, echo, emit, say
from mood_platform.cli.following import follow, title
from mood_platform.cli.problems import Exit, Problem, explain
from mood_platform.cli.uploads import upload
from mood_platform.errors import PlatformError
from mood_platform.failures import FailureReason

Source = Annotated[
    str, typer.Argument(metavar="IMAGE|ARCHIVE", help="A local Docker image, or a `docker save` archive.")
]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Wait until the result is there.")]


def submit(
    source: Source,
    task: Tasks = None,
    stage: Annotated[str, typer.Option(help="toy (as often as you like) or challenge (counts).")] = "toy",
    name: Annotated[str, typer.Option(help="What you call it.")] = "",
    challenge: OpenChallenge = None,
    again: Annotated[
        bool, typer.Option("--again", help="Take over the result of an image that was scored already.")
    ] = False,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Hand in an image: checks the limits, uploads it once, submits it to the Tasks.

    An upload that breaks off carries on when you run the same command again, and an image that the
    platform has already is not uploaded again.
    """
    tasks = parse_tasks(task)
    client = Client.member()
    edition = find_open_challenge(client, challenge)
    check_allowed(edition, stage, len(tasks))
    image = hand_in(client, source, edition)
    order: View = {"image": image["id"], "stage": stage, "challenge": edition["slug"]}
    order |= {"again": True} if again else {}
    order["name"] = (name or Path(source).name)[:80]
    views = create_all(lambda one: _create(client, order | {"task": str(one)}), tasks)
    if watch:
        views = follow(client, [view["id"] for view in views])
    if as_json:
        emit(views)
    else:
        for view in views:
            echo(f"{title(view)}: {view['sentence']} {view['next']}")
    if watch and any(view["status"] == "failed" for view in views):
        raise typer.Exit(Exit.IMAGE_FAILED)


def hand_in(client: Client, source: str, edition: View) -> View:
    """The accepted image on the platform; uploaded only when it is not there yet."""
    archive = find_archive(source, limit=int(edition["limits"]["image"]))
    known = _find_known(client, archive)
    if known is not None:
        say.print("The platform has this image already.")
        return known
    identity = upload(client, archive, filename=_filename(source))
    say.print("Uploaded; the platform checks the image.")
    return _wait_for_intake(client, identity)


def _filename(source: str) -> str:
    path = Path(source)
    return path.name if path.is_file() else f"{source.replace('/', '_')}.tar"


def _find_known(client: Client, archive: Archive) -> View | None:
    """By its digest; an Engine with the containerd image store names images otherwise, and uploads again."""
    if archive.digest is None:
        return None
    images = client.items("/images")
    return next(
        (
            one
            for one in images
            if one["digest"] == archive.digest and one["state"] == "accepted" and not one["removed_at"]
        ),
        None,
    )


def _wait_for_intake(client: Client, identity: str) -> View:
    while True:
        image: View = patiently(lambda: client.get(at("images", identity)))
        if image["state"] == "accepted":
            if image["id"] != identity:
                say.print("It is the same image as one your team handed in before; that one is used.")
            return image
        if image["state"] == "rejected":
            raise rejection(image)
        time.sleep(0.5)


def rejection(image: View) -> Problem:
    """What the platform found wrong with an image, and whose turn it is."""
    text = f"The image was rejected: {image['text']} {image['detail']}".strip()
    if image["reason"] == FailureReason.CHECK_FAILED:
        return Problem(text, remedy="Run the same command again.", code=Exit.PLATFORM)
    return Problem(text, remedy="Correct it and hand it in again.", code=Exit.IMAGE_FAILED)


def create_all(create: Callable[[Task], View], tasks: Sequence[Task]) -> list[View]:
    """Each is told at once; a refusal says which Tasks are left, so that none is handed in twice."""
    views: list[View] = []
    for one in tasks:
        try:
            views.append(create(one))
        except (Problem, PlatformError) as error:
            found, left = explain(error), ",".join(tasks[len(views) :])
            if views:
                found.remedy = f"{found.remedy} Only this is left to submit: --task {left}".strip()
            raise found from error
        say.print(f"{title(views[-1])} submitted: {views[-1]['links']['page']}")
    return views


def _create(client: Client, body: View) -> View:
    """One key for all attempts, so that a lost answer never makes a second Submission."""
    headers = {"Idempotency-Key": str(uuid4())}
    return dict(patiently(lambda: client.post("/submissions", body, headers=headers)))


def check_allowed(edition: View, stage: str, count: int) -> None:
    """Ask before a long upload what would be refused after it; grace is left to the platform."""
    if stage not in ("toy", "challenge"):
        raise Problem(f"--stage {stage!r} is not known.", remedy="Use toy or challenge.")
    if edition["phase"] == "planned":
        text = f"The challenge {edition['slug']} opens at {edition['opens']}."
        raise Problem(text, remedy="Come back then.", code=Exit.NOT_ALLOWED)
    if stage == "challenge":
        _check_admitted(edition)
    quota = edition.get("quota")
    if stage == "challenge" and quota and quota["left"] < count:
        text = (
            f"{quota['used']} of {quota['limit']} challenge submissions are used; {count} more are too many."
        )
        raise Problem(text, remedy="Submit fewer, or to the toy stage.", code=Exit.NOT_ALLOWED)


def _check_admitted(edition: View) -> None:
    """In the platform's words; nobody is sent to ask for what can no longer be had."""
    slug, entry = edition["slug"], edition.get("entry")
    state = entry["state"] if entry else None
    if state == "admitted" or (state != "refused" and edition["entry_open"]):
        return
    if state == "refused":
        text = f"The organizers did not admit your team to {slug}: {edition['entry']['reason']}"
        remedy = "Write to them if you disagree."
    elif edition["phase"] == "closed":
        text, remedy = f"The challenge {slug} closed at {edition['closes']}.", "Enter one that is open."
    elif state == "asked":
        text = f"The organizers have not decided yet whether your team takes part in {slug}."
        remedy = "Wait for them; the toy stage is open to you meanwhile."
    else:
        text = f"Organizers admit teams to {slug}, and yours has not asked."
        remedy = f"Ask: mood enter --challenge {slug}. The toy stage is open to you meanwhile."
    raise Problem(text, remedy=remedy, code=Exit.NOT_ALLOWED)
