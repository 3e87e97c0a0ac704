"""Who is ill or healthy by participants.tsv, and what only people know: who may be one and counts as two."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mood_test_sets.archives.archive import Archive
from mood_test_sets.archives.dicom_series import Series
from mood_test_sets.archives.naming import BIDS
from mood_test_sets.archives.participants import judge
from mood_test_sets.archives.source import Source
from mood_test_sets.findings import Defect, Note

__all__ = ["ask_participants", "tell_of_doubtful", "tell_of_shared_ids"]

MANY, SEVERAL = 10, 3  # scans of one person, or studies of one id, that are told


def ask_participants(archive: Archive) -> None:
    scans = {one.name: _ids(one) for one in archive.sources.values() if one.refusal is None}
    for name, doubt in judge(archive.participants, scans).items():
        one = archive.sources[name]
        archive.sources[name] = replace(one, control=doubt is None, doubt=one.doubt or doubt)
    for table in archive.participants:
        if table.unread:
            what = f"Nothing that its columns say of who is ill is understood: {', '.join(table.unread)}."
            remedy = "If one tells who is ill: call it diagnosis, or say so with --findings."
            note = Note(Defect.STRAY, what, remedy, error=False)
            archive.refuse(table.file, note, archive.root / table.file)


def _ids(one: Source) -> set[str]:
    """What its person may be called in a table."""
    who = BIDS.search(one.name)
    return {one.subject, one.subject.rpartition("/")[2], *([who.group(1)] if who else [])}


def tell_of_shared_ids(archive: Archive) -> None:
    """An anonymized archive may give one id to all, and folders may be none of people."""
    shared: dict[str, list[Source]] = defaultdict(list)
    for one in archive.sources.values():
        if one.refusal is None and one.name not in archive.subjects and not BIDS.search(one.name):
            shared[one.subject].append(one)
    for members in shared.values():
        series = [archive.headers[one.name] for one in members if one.dicom]
        if len(members) >= MANY or len({one.study for one in series}) >= SEVERAL:
            of = _of_ids(series) if series else f"scans (such as {members[1].name}) have its name"
            what = f"{len(series or members)} {of} and count as one person."
            _note(archive, members[0].name, what, "If they are several people")


def _of_ids(series: Sequence[Series]) -> str:
    studies = len({one.study for one in series})
    own = f"the PatientID {series[0].patient!r}" if series[0].patient else "no PatientID"
    return f"series of {'one study' if studies == 1 else f'{studies} studies'} have {own}"


def tell_of_doubtful(archive: Archive) -> None:
    """What may be one person and counts as two."""
    scans = {name for name, one in archive.sources.items() if one.refusal is None} - archive.subjects.keys()
    pairs = [two for two in archive.people.doubtful if scans.issuperset(two)]
    pairs = [two for two in pairs if len({archive.sources[one].subject for one in two}) == 2]
    if pairs:
        (one, other), more = pairs[0], f", and {len(pairs) - 1} more" if len(pairs) > 1 else ""
        what = f"It and {other} may be of one person and count as two{more}."
        _note(archive, one, what, "If they are one")


def _note(archive: Archive, name: str, what: str, doubt: str) -> None:
    note = Note(Defect.SHARED_ID, what, f"{doubt}, say whose each is with --subjects TABLE.")
    one = archive.sources[name]
    archive.sources[name] = replace(one, notes=(*one.notes, note))
