"""`mood-test-sets prepare` as organizers call it: what is asked, refused, told and kept."""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator.test_set import Dataset
from mood_test_sets.cli.main import main
from mood_test_sets.cohort_folder import Cohort, load_cohort
from mood_test_sets.growing.subjects import Subject, grow
from mood_test_sets.preparing import one_scan
from mood_test_sets.preparing import prepare as preparing
from mood_test_sets.streams import PUBLIC, create_secret

AFFINE = np.diag([3.0, 3, 3, 1])
SIDE = 48
Save = Callable[..., Path]


def person(index: int) -> np.ndarray:
    """HU of one grown abdomen."""
    return (grow(PUBLIC, Subject(Dataset.ABDOM, "raw", index), side=SIDE).values * 800 - 300).astype(np.int16)


@pytest.fixture(scope="module")
def people() -> list[np.ndarray]:
    return [person(index) for index in range(4)]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return tmp_path / "raw"


@pytest.fixture
def save(raw: Path) -> Save:
    def write(name: str, values: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
        path = raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(values, affine), path)
        return path

    return write


def marks(values: np.ndarray, value: int = 1) -> np.ndarray:
    made = np.zeros(values.shape, np.uint8)
    made[20:28, 20:28, 20:28] = value
    return made


def call(raw: Path, *options: str, out: str = "out") -> int:
    secret = raw.parent / "key"
    if not secret.exists():
        create_secret(secret)
    arguments = ["prepare", raw, raw.parent / out, "--dataset", "abdom", "--side", "32", "--secret", secret]
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments), "--jobs", "1", *options])
    return int(ended.value.code or 0)


def roles(raw: Path, out: str = "out") -> dict[str, str]:
    """Scan to role, by the key that organizers keep."""
    cohort: Cohort = load_cohort(raw.parent / out)
    role = {one.id: str(one.role) for one in cohort.scans}
    with (raw.parent / out / "key.csv").open() as stream:
        return {row["scan"]: role[row["id"]] for row in csv.DictReader(stream) if row["id"] in role}


def write_msd(save: Save, raw: Path, people: list[np.ndarray]) -> None:
    for n in range(3):
        save(f"imagesTr/liver_{n}.nii.gz", people[n])
        organ = (people[n] > -100).astype(np.uint8)
        save(f"labelsTr/liver_{n}.nii.gz", np.maximum(organ, marks(organ, 2 if n < 2 else 0)))
    save("imagesTs/liver_3.nii.gz", people[3])
    labels = {"0": "background", "1": "liver", "2": "cancer"}
    (raw / "dataset.json").write_text(json.dumps({"labels": labels}))


def test_of_an_msd_archive_carriers_are_natural_and_no_mask_is_a_scan(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    write_msd(save, raw, people)
    assert call(raw, "--all-healthy") == 0
    found = roles(raw)
    assert [found[f"imagesTr/liver_{n}"] for n in range(2)] == ["natural"] * 2
    assert set(found) == {"imagesTr/liver_0", "imagesTr/liver_1", "imagesTr/liver_2", "imagesTs/liver_3"}
    assert not {found["imagesTr/liver_2"], found["imagesTs/liver_3"]} & {"natural"}
    assert "4 of 4 scans" in capsys.readouterr().err


def test_nobody_is_healthy_by_silence(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    write_msd(save, raw, people)
    assert call(raw) == 2
    told = capsys.readouterr().err
    assert "1 of 4 scans (such as imagesTs/liver_3)" in told
    assert "--all-healthy" in told
    assert [path.name for path in raw.parent.iterdir() if path.name not in {"raw", "key"}] == []


def test_on_a_terminal_it_is_asked_and_no_is_no(
    save: Save, raw: Path, people: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, one in enumerate(people[:3]):
        save(f"images/{n}.nii.gz", one)
    for n in range(2):
        save(f"labels/{n}.nii.gz", marks(people[n]) + marks(people[n], n))
    answers: list[Any] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda text, **_: answers.append(text) or "2")
    monkeypatch.setattr("typer.confirm", lambda text, **_: answers.append(text) or len(answers) > 2)
    assert call(raw) == 2
    assert "1, 2" in answers[0]
    assert "1 of 3 scans (such as images/2)" in answers[1]
    assert call(raw) == 0
    assert roles(raw)["images/1"] == "natural"
    assert roles(raw)["images/0"] != "natural"


def test_a_reader_says_of_each_scan_who_is_healthy(save: Save, raw: Path, people: list[np.ndarray]) -> None:
    for n, one in enumerate(people[:3]):
        save(f"{n}.nii.gz", one)
    table = raw.parent / "reader.csv"
    table.write_text("scan,finding\n0,0\n1,1\n")
    assert call(raw, "--findings", str(table)) == 2
    table.write_text("scan,finding\n0,0\n1,1\n2,0\n")
    assert call(raw, "--findings", str(table)) == 0
    assert roles(raw)["1"] == "natural"


def test_a_finding_in_a_scan_that_is_not_there_is_refused_before_anything_is_done(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    save("p1/ct.nii.gz", people[0])
    table = raw.parent / "reader.csv"
    table.write_text("scan,finding\np1,1\nelsewhere,0\n")
    assert call(raw, "--findings", str(table), "--all-healthy") == 2
    assert "1 lines with a finding are of no scan (such as p1)" in capsys.readouterr().err
    table.write_text("scan,finding\np1/ct.nii.gz,1\nelsewhere,0\n")
    assert call(raw, "--findings", str(table)) == 0
    assert roles(raw) == {"p1/ct": "natural"}


def test_masks_of_organs_alone_make_nobody_ill_if_people_say_so(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    for n in range(3):
        save(f"images/{n}.nii.gz", people[n])
        save(f"labels/{n}.nii.gz", marks(people[n]))
    assert call(raw) == 0
    assert set(roles(raw).values()) == {"natural"}
    assert "--lesion-labels none" in capsys.readouterr().err
    assert call(raw, "--lesion-labels", "none", out="again") == 2  # and who is healthy?
    assert call(raw, "--lesion-labels", "none", "--all-healthy", out="again") == 0
    assert "natural" not in roles(raw, "again").values()


def test_a_folder_of_masks_alone_is_refused_by_name(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    save("labels/p1.nii.gz", marks(people[0]))
    assert call(raw) == 1
    assert "labels/p1" in capsys.readouterr().err


def test_patients_of_participants_tsv_are_left_out_unless_marked_or_read(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    for n, one in enumerate(people, start=1):
        save(f"sub-{n}/anat/sub-{n}_T1w.nii.gz", one)
    save("derivatives/les/sub-1/anat/sub-1_label-lesion_mask.nii.gz", marks(people[0]))
    groups = {1: "stroke", 2: "stroke", 3: "control", 4: "control"}
    rows = "".join(f"sub-{n}\t{group}\n" for n, group in groups.items())
    (raw / "participants.tsv").write_text(f"participant_id\tgroup\n{rows}")
    assert call(raw) == 0
    found = roles(raw)
    assert found.pop("sub-1/anat/sub-1_T1w") == "natural"
    assert set(found) == {"sub-3/anat/sub-3_T1w", "sub-4/anat/sub-4_T1w"}
    assert "'stroke'" in capsys.readouterr().err


def test_a_volume_of_few_values_is_refused_and_scan_overrides_it_in_the_table(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    save("a.nii.gz", people[0])
    save("b.nii.gz", np.where(people[1] > 0, 9, np.where(people[1] > -200, 4, -300)).astype(np.int16))
    assert call(raw, "--all-healthy") == 1
    assert "3 values (-300, 4, 9)" in capsys.readouterr().err
    assert set(roles(raw)) == {"a"}
    assert call(raw, "--all-healthy", "--scan", "b", out="again") == 0
    assert "as --scan says" in " ".join(capsys.readouterr().err.split())
    assert set(roles(raw, "again")) == {"a", "b"}


@pytest.mark.parametrize("scale", [0, 1 / 800, 0.03])
def test_a_ct_that_is_not_in_hu_is_refused_and_nobody_is_a_double_by_that(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str], scale: float
) -> None:
    save("a.nii.gz", people[0])
    for n, one in enumerate(people[1:3]):
        save(f"{n}.nii.gz", ((one + 300) / 800 if scale == 0 else one * scale).astype(np.float32))
    assert call(raw, "--all-healthy") == 1
    assert roles(raw).keys() == {"a"}
    told = " ".join(capsys.readouterr().err.split())
    assert "seem not to be HU" in told
    assert "duplicate" not in told
    if scale == 0:
        call(raw, "--all-healthy", "--window", "0", "1", out="again")
        assert roles(raw, "again").keys() >= {"0", "1"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--window", "500", "-300"), "--window 500 -300"),
        (("--normal-share", "0.9", "--base-share", "0.9"), "--normal-share 0.9 and --base-share 0.9"),
    ],
)
def test_wishes_that_cannot_be_are_refused(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...], told: str,
) -> None:  # fmt: skip
    save("a.nii.gz", people[0])
    assert call(raw, "--all-healthy", *options) == 2
    assert told in " ".join(capsys.readouterr().err.split())


def test_a_cohort_in_the_folder_of_its_scans_is_refused(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    save("a.nii.gz", people[0])
    assert call(raw, "--all-healthy", out="raw/cohort") == 2
    assert "Name a folder outside of it" in " ".join(capsys.readouterr().err.split())


def test_odd_files_are_refused_alone_and_the_others_go_on(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    for n, place in (("a", None), ("b", 70), ("c", 40), ("d", 344)):
        path = save(f"{n}.nii", people[0])
        if place is not None:
            content = bytearray(path.read_bytes())
            content[place : place + 2] = b"\x09\x09"
            path.write_bytes(content)
    nib.save(nib.Nifti2Image(people[1], AFFINE), raw / "e.nii.gz")
    nib.save(nib.Nifti2Image(marks(people[1]), AFFINE), raw / "e_mask.nii.gz")
    (raw / "f.nii.gz").write_bytes(b"")
    assert call(raw, "--all-healthy") == 1
    assert roles(raw).keys() == {"a", "e"}
    assert roles(raw)["e"] == "natural"
    assert "data type 2313" in " ".join(capsys.readouterr().err.split())


def test_what_looks_like_a_mask_in_the_folder_of_a_person_leaves_the_person_out(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    save("p1/ct.nii.gz", people[0])
    save("p1/damage.nii.gz", marks(people[0]))
    save("p2/ct.nii.gz", people[1])
    assert call(raw, "--all-healthy") == 1
    assert "p1/damage looks like a mask of it" in " ".join(capsys.readouterr().err.split())
    assert set(roles(raw)) == {"p2/ct"}


def test_a_lesion_that_resampling_loses_leaves_its_scan_and_its_person_out(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    lost = np.zeros(people[0].shape, np.uint8)
    lost[0, 0, 0] = 1  # in the air
    save("sub-1_ses-1.nii.gz", people[0])
    save("sub-1_ses-1_mask.nii.gz", lost)
    save("sub-1_ses-2.nii.gz", people[1])
    save("sub-2.nii.gz", people[2])
    assert call(raw, "--all-healthy") == 1
    told = " ".join(capsys.readouterr().err.split())
    assert "none is left" in told
    assert "Another scan of its person shows something" in told
    assert set(roles(raw)) == {"sub-2"}


def test_one_person_exported_twice_is_found_and_the_marked_one_stays(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    save("a_noise.nii.gz", (people[0] + rng.normal(0, 0.05, people[0].shape)).astype(np.float32))
    save("b_mirror.nii.gz", people[0][::-1].copy())
    save("c.nii.gz", people[0])
    save("c_mask.nii.gz", marks(people[0]))
    save("d.nii.gz", people[1])
    assert call(raw, "--all-healthy") == 1
    assert set(roles(raw)) == {"c", "d"}
    assert roles(raw)["c"] == "natural"
    told = " ".join(capsys.readouterr().err.split())
    assert "the mirror image of c" in told
    assert "but for noise or scale the same as c" in told


def test_a_failure_at_the_end_leaves_table_and_scans_and_a_mask_added_since_is_read(
    save: Save, raw: Path, people: list[np.ndarray], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    save("a.nii.gz", people[0])
    save("b.nii.gz", people[1])
    finish = preparing._finish

    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    (raw / "broken.nii.gz").write_bytes(b"broken")
    monkeypatch.setattr(preparing, "_finish", full)
    assert call(raw, "--all-healthy") == 2
    told = capsys.readouterr().err
    assert "broken" in told
    assert "No space left on device" in told
    assert ".out.partial" in told
    monkeypatch.setattr(preparing, "_finish", finish)
    save("a_mask.nii.gz", marks(people[0]))
    anew: list[str] = []
    write = one_scan._write
    monkeypatch.setattr(one_scan, "_write", lambda order, one: (anew.append(one.name), write(order, one)))
    assert call(raw, "--all-healthy") == 1  # broken is still broken
    assert anew == ["a", "broken"]  # b was kept
    assert roles(raw)["a"] == "natural"
    assert {path.name for path in (raw.parent / "out").iterdir()} == {
        "cohort.json", "images", "labels", "key.csv",
    }  # fmt: skip


@pytest.mark.parametrize("charset", ["ISO_IR 100", None, "NONSENSE"])
def test_an_id_of_any_bytes_reaches_the_key_and_no_traceback(
    raw: Path, people: list[np.ndarray], slices: Callable[..., None], charset: str | None
) -> None:
    values = people[0].astype(np.float32)
    slices(raw / "Größe", values, patient=b"M\xfcller\xff", charset=charset, step=(0, 0, 3))
    assert call(raw, "--all-healthy") == 0
    assert "Müllerÿ" in (raw.parent / "out" / "key.csv").read_text(encoding="utf-8")


def test_tilt_and_obliquity_are_told_in_degrees(
    raw: Path, people: list[np.ndarray], slices: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    values, lean, turn = people[0].astype(np.float32), 3 * np.tan(np.radians(15)), np.radians(17)
    slices(raw / "tilted", values, patient=b"1", uid="1.2.1", step=(0, lean, 3))
    slices(
        raw / "oblique", people[1].astype(np.float32), patient=b"2", uid="1.2.2",
        step=(0, -3 * np.sin(turn), 3 * np.cos(turn)),
        turn=(1, 0, 0, 0, round(np.cos(turn), 6), round(np.sin(turn), 6)),
    )  # fmt: skip
    assert call(raw, "--all-healthy") == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "tilted by 15.0°" in told
    assert "oblique (17.0°, up to" in told


def test_an_sform_and_a_qform_that_differ_are_told_with_their_size(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    image = nib.Nifti1Image(people[0], AFFINE)
    image.set_qform(np.diag([-3.0, 3, 3, 1]), code=1)
    image.set_sform(AFFINE, code=1)
    save("other.nii.gz", people[1])
    nib.save(image, raw / "both.nii.gz")
    assert call(raw, "--all-healthy") == 0
    assert "0.0°, mirrored, up to 282.0 mm" in " ".join(capsys.readouterr().err.split())


def test_a_blank_cell_of_a_reader_leaves_a_scan_out_even_where_all_are_said_to_be_healthy(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    for n, one in enumerate(people[:3]):
        save(f"{n}.nii.gz", one)
    table = raw.parent / "reader.csv"
    table.write_text("scan,finding\n0,0\n1,\n2\n")
    assert call(raw, "--findings", str(table), "--all-healthy") == 0
    assert set(roles(raw)) == {"0"}
    assert "left its cell blank" in " ".join(capsys.readouterr().err.split())


def test_a_finding_in_a_scan_that_cannot_be_read_leaves_the_others_of_its_person_out(
    save: Save, raw: Path, people: list[np.ndarray]
) -> None:
    for n, name in enumerate(("p1_t1", "p1_t2", "p2_t1")):
        save(f"{name}.nii.gz", people[n])
    (raw / "p1_t1.nii.gz").write_bytes((raw / "p1_t1.nii.gz").read_bytes()[:900])
    table = raw.parent / "reader.csv"
    table.write_text("scan,finding\np1_t1,1\n")
    assert call(raw, "--findings", str(table), "--all-healthy") == 1
    assert set(roles(raw)) == {"p2_t1"}


def test_what_may_mark_one_scan_of_a_person_leaves_the_others_out_too(
    save: Save, raw: Path, people: list[np.ndarray]
) -> None:
    for n, name in enumerate(("p1_t1", "p1_t2", "p2_t1")):
        save(f"{name}.nii.gz", people[n])
    save("p1_t1_edema.nii.gz", marks(people[0]))
    assert call(raw, "--all-healthy") == 1
    assert set(roles(raw)) == {"p2_t1"}


def test_masks_are_told_before_it_is_asked_who_is_healthy_and_are_no_people(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    save("p1.nii.gz", people[0])
    save("p2.nii.gz", people[1])
    save("other/m7.nii.gz", marks(people[0]))
    assert call(raw) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert told.index("other/m7") < told.index("2 of 2 scans (such as p1)")


def test_how_values_of_masks_were_read_is_told(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    write_msd(save, raw, people)
    assert call(raw, "--all-healthy") == 0
    assert "abnormal is 2 (cancer); no lesion is 1 (liver)." in capsys.readouterr().err


def test_a_few_voxels_that_differ_make_no_other_person(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    dotted = people[0].copy()
    dotted[24, 24, 24] = 500
    save("a.nii.gz", people[0])
    save("z_dotted.nii.gz", dotted)
    save("b.nii.gz", people[1])
    assert call(raw, "--all-healthy") == 1
    assert set(roles(raw)) == {"a", "b"}


def test_the_consensus_alone_says_who_is_ill_and_who_is_healthy(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    for n, one in enumerate(people[:3]):
        save(f"P{n}.nii.gz", one)
    table = raw.parent / "consensus.csv"
    table.write_text("scan,finding\nP0,1\nP1,0\nP2,0\n")
    assert call(raw, "--consensus", str(table)) == 0
    assert roles(raw)["P0"] == "natural"
    table.write_text("scan,finding\nP9,1\n")
    assert call(raw, "--consensus", str(table), "--all-healthy", out="again") == 2
    assert "--consensus: 1 lines with a finding are of no scan (such as P9)" in capsys.readouterr().err


def test_a_mask_among_the_series_of_a_patient_leaves_that_patient_out_wherever_it_lies(
    raw: Path, people: list[np.ndarray], slices: Callable[..., None]
) -> None:
    for n in (1, 2):
        values = people[n].astype(np.float32)
        slices(raw / f"P{n}/ct", values, patient=f"ID{n}".encode(), uid=f"1.2.{n}", step=(0, 0, 3))
    drawn = marks(people[1]).astype(np.float32)
    slices(raw / "export/x", drawn, patient=b"ID1", uid="1.2.9", step=(0, 0, 3))
    assert call(raw, "--all-healthy") == 1
    assert set(roles(raw)) == {"P2/ct/1.2.2"}


def test_controls_of_one_data_set_say_nothing_of_another(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    for n, one in enumerate(people):
        save(f"ds{n % 2}/sub-{n // 2}/anat/sub-{n // 2}_T1w.nii.gz", one)
    rows = "participant_id\tgroup\nsub-0\tcontrol\nsub-1\tcontrol\n"
    (raw / "ds0/participants.tsv").write_text(rows)
    assert call(raw) == 2
    assert "2 of 4 scans (such as ds1/sub-0/anat/sub-0_T1w)" in capsys.readouterr().err


def test_a_patient_without_a_scan_may_be_anybody_who_is_not_in_the_table(
    save: Save, raw: Path, people: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    for n, one in enumerate(people[:3]):
        save(f"sub-{n}/anat/sub-{n}_T1w.nii.gz", one)
    rows = "participant_id\tdiagnosis\nP-zero\tglioma\nsub-1\tcontrol\nsub-2\tcontrol\n"
    (raw / "Participants.tsv").write_text(rows)
    assert call(raw, "--all-healthy") == 0
    assert set(roles(raw)) == {"sub-1/anat/sub-1_T1w", "sub-2/anat/sub-2_T1w"}
    assert "Participants.tsv lists 1 patients" in " ".join(capsys.readouterr().err.split())
