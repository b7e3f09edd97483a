"""Which photos a batch finds, and where each of them lands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gainmap_codec.batch.planning import STATE, plan, results_left
from gainmap_codec.batch.records import HIDDEN, PassedOver
from gainmap_codec.batch.work import convert_photo
from gainmap_codec.codec.options import BatchOptions
from support import pipeline_files as files
from support.paths import FIXTURES

AS_THEY_ARE = BatchOptions()
AVIF = BatchOptions(container="avif")


def test_folders_keep_their_structure_and_suffixes_follow_the_container(photos: Path) -> None:
    jobs = plan([photos], "out", AVIF)
    names = ["2025/both", "2025/may/bad", "2025/may/sdr", "one"]
    assert [job.target for job in jobs] == [f"out/{name}.avif" for name in names]
    assert jobs[0].record == f"out/{STATE}/2025/both.avif.json"
    assert all(job.options is AVIF for job in jobs), "pickled once for all where a scheduler has them"
    assert [job.target for job in plan([photos / "2025/may/sdr.JPG"], "out", AS_THEY_ARE)] == ["out/sdr.JPG"]


def test_two_that_would_become_one_file(photos: Path, tmp_path: Path) -> None:
    (photos / "one.heic").write_bytes(b"")
    with pytest.raises(ValueError, match=r"one\.heic and .*one\.jpg would both become .*one\.avif"):
        plan([photos], tmp_path / "out", AVIF)
    named_twice = plan([photos, photos / "one.jpg"], tmp_path / "out", AS_THEY_ARE)
    assert len(named_twice) == 5, "one photo named twice is one"


def test_all_pairs_that_would_become_one_file_are_told(photos: Path, tmp_path: Path) -> None:
    for index in range(14):
        for suffix in ("heic", "jpg"):
            (photos / f"{index:02}.{suffix}").touch()
    with pytest.raises(ValueError, match=r"00\.heic and .*00\.jpg would .* \(keep_suffix keeps both\)") as caught:
        plan([photos], tmp_path / "out", AVIF)
    *lines, more = caught.value.__notes__
    assert [line.split()[0][-7:] for line in lines] == [f"{index:02}.heic" for index in range(1, 10)]
    assert more == "and 4 more"


def test_multi_picture_files_become_jpegs_by_name(photos: Path, tmp_path: Path) -> None:
    (photos / "DSC_1.MPO").touch()
    for options, name in ((AS_THEY_ARE, "DSC_1.jpg"), (AVIF, "DSC_1.avif")):
        targets = {job.target for job in plan([photos], tmp_path / "out", options)}
        assert f"{tmp_path}/out/{name}" in targets


def test_results_of_another_layout_are_left(photos: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    (other / "one.jpg").touch()
    first, second = plan([photos], out, AVIF), plan([photos, other], out, AVIF)
    assert results_left(first, out) == []
    for job in first:
        for place in (job.record, job.target):
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            Path(place).touch()
    Path(first[0].target).unlink()
    (out / "somebody's.avif").touch()
    assert results_left(first, out) == []
    assert results_left(second, out) == sorted(job.target.removeprefix(f"{out}/") for job in first[1:])


def test_names_that_keep_their_suffix_stay_apart_whatever_else_is_there(photos: Path, tmp_path: Path) -> None:
    alone = {job.target for job in plan([photos], tmp_path / "out", AVIF, keep_suffix=True)}
    assert f"{tmp_path}/out/one.jpg.avif" in alone
    for name in ("one.heic", "one.AVIF"):
        (photos / name).touch()
    both = {job.target for job in plan([photos], tmp_path / "out", AVIF, keep_suffix=True)}
    assert both - alone == {f"{tmp_path}/out/{name}" for name in ("one.heic.avif", "one.AVIF")}
    same_kind = {job.target for job in plan([photos / "one.jpg"], "out", AS_THEY_ARE, keep_suffix=True)}
    assert same_kind == {"out/one.jpg"}, "a name that stays keeps its suffix anyway"


def test_several_folders_have_folders_of_their_own(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "2024"
    other.mkdir()
    (other / "one.jpg").write_bytes(files.plain())
    monkeypatch.chdir(photos)

    def targets(*sources: object) -> list[str]:
        return [job.target for job in plan([str(source) for source in sources], tmp_path / "out", AS_THEY_ARE)]

    out = f"{tmp_path}/out"
    extra = photos / "2025/both.jpg"
    both = targets("../2024", ".", extra)
    assert both[0] == f"{out}/2024/one.jpg" and both[-2:] == [f"{out}/photos/one.jpg", f"{out}/both.jpg"]
    assert f"{out}/photos/2025/both.jpg" in both
    assert targets(other, "../2024/", extra) == [f"{out}/one.jpg", f"{out}/both.jpg"], "one folder named twice is one"


def test_two_folders_of_one_name(photos: Path, tmp_path: Path) -> None:
    other = tmp_path / "card/photos"
    other.mkdir(parents=True)
    (other / "one.jpg").touch()
    with pytest.raises(ValueError, match=r"would both become .*out/photos/one\.jpg: nothing is done$"):
        plan([photos, other], tmp_path / "out", AS_THEY_ARE)


def test_the_output_folder_is_no_input(photos: Path) -> None:
    out = photos / "2025/out"
    out.mkdir()
    (out / "done.jpg").write_bytes(files.plain())
    assert len(plan([photos], out, AS_THEY_ARE)) == 4
    (photos / "2025/outside").mkdir()
    (photos / "2025/outside/more.jpg").write_bytes(files.plain())
    assert len(plan([photos], out, AS_THEY_ARE)) == 5, "a name that begins alike is another one"
    for source in (photos, photos / "2025", photos / "one.jpg"):
        with pytest.raises(ValueError, match="expected photos outside the output folder"):
            plan([source], photos, AS_THEY_ARE)


def test_nothing_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected photos \(\.jpg, \.jpeg, .*\), got none$"):
        plan([tmp_path], tmp_path / "out", AS_THEY_ARE)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match="got none, and 1 other files"):
        plan([tmp_path], tmp_path / "out", AS_THEY_ARE)


def test_two_urls_that_would_become_one_file(photos: Path) -> None:
    pytest.importorskip("fsspec").filesystem("memory").put(str(photos / "one.jpg"), "/x/one.jpg")
    with pytest.raises(ValueError, match=r"memory://x/one\.jpg and .* would both become"):
        plan(["memory://x/one.jpg", photos / "one.jpg"], "memory://out", AS_THEY_ARE)


# What is there already


def converted(photos: Path, out: Path) -> None:
    assert all(convert_photo(job).status != "failed" for job in plan([photos / "one.jpg"], out, AS_THEY_ARE))


def test_what_the_same_conversion_made_is_no_obstacle(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    converted(photos, out)
    converted(photos, out)
    for options in (BatchOptions(quality=50), BatchOptions(strip="gps")):
        with pytest.raises(
            FileExistsError, match=r"one\.jpg would become .*, which was made with other options: .*\(--update makes it"
        ):
            plan([photos], out, options)
        assert plan([photos], out, options, overwrite=True)
        assert plan([photos], out, options, update=True)


def test_another_photo_of_that_name_stops_it(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "backup"
    (out / "2025").mkdir(parents=True)
    (out / "2025/both.jpg").write_bytes(files.plain())
    for update in (False, True):
        with pytest.raises(FileExistsError, match=r"2025/both\.jpg would become .*backup/2025/both\.jpg"):
            plan([photos], out, AS_THEY_ARE, update=update)
    (out / "2025/both.jpg").unlink()
    converted(photos, out)
    other = tmp_path / "card"
    other.mkdir()
    (other / "one.jpg").write_bytes(files.plain())
    for update in (False, True):
        with pytest.raises(FileExistsError, match=r"card/one\.jpg would become .*one\.jpg, which is there already"):
            plan([other], out, AS_THEY_ARE, update=update)


def test_all_that_is_in_the_way_is_told(photos: Path, tmp_path: Path) -> None:
    for name in ("one.jpg", "2025/both.jpg"):
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_bytes(files.plain())
    with pytest.raises(FileExistsError, match=r"2025/both\.jpg would") as caught:
        plan([photos], tmp_path / "out", AS_THEY_ARE)
    (line,) = caught.value.__notes__
    assert "photos/one.jpg would become" in line


def test_another_photo_of_that_name_and_size_is_kept(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    converted(photos, out)
    data = bytearray((out / "one.jpg").read_bytes())
    data[-3] ^= 1
    (out / "one.jpg").write_bytes(data)
    (job,) = plan([photos / "one.jpg"], out, AS_THEY_ARE)
    photo = convert_photo(job)
    assert photo.status == "failed" and "which is there already" in photo.problem
    assert (out / "one.jpg").read_bytes() == data


def test_an_output_that_is_a_photo_of_the_library(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "one.jpg").symlink_to(photos / "one.jpg")
    with pytest.raises(ValueError, match=r"out/one\.jpg, which is .*photos/one\.jpg itself: nothing is done"):
        plan([photos], out, AS_THEY_ARE, overwrite=True)


def test_names_that_differ_in_case_alone(photos: Path, tmp_path: Path) -> None:
    (photos / "ONE.JPG").write_bytes(files.plain())
    with pytest.raises(ValueError, match="would both become"):
        plan([photos], tmp_path / "out", AS_THEY_ARE)


def test_a_store_has_it_already(photos: Path) -> None:
    store = pytest.importorskip("fsspec").filesystem("memory")
    store.pipe_file("/full/one.jpg", b"another photo")
    with pytest.raises(FileExistsError, match=r"memory://full/one\.jpg, which is there already"):
        plan([photos / "one.jpg"], "memory://full", AS_THEY_ARE)
    (job,) = plan([photos / "one.jpg"], "memory://empty", AS_THEY_ARE)
    assert [convert_photo(job).status for _ in range(2)] == ["converted", "skipped"]
    assert plan([photos / "one.jpg"], "memory://empty", AS_THEY_ARE) == [job]


# What is passed over


def test_photos_are_told_by_every_suffix_that_they_have(tmp_path: Path) -> None:
    names = ("a.JPE", "b.jfif", "c.HIF", "d.hif", "e.heics", "f.HEIFS", "g.avifs")
    for name in (*names, "h.mov", "i", ".j.hif"):
        (tmp_path / name).touch()
    others: list[PassedOver] = []
    jobs = plan([tmp_path], tmp_path / "out", AS_THEY_ARE, passed_over=others)
    assert [Path(job.source).name for job in jobs] == [*names]
    hidden = PassedOver(f"{tmp_path}/.j.hif", HIDDEN)
    unknown = [PassedOver(f"{tmp_path}/{name}", "its name is not that of a photo") for name in ("h.mov", "i")]
    assert others == [hidden, *unknown]
    named = plan([tmp_path / ".j.hif"], tmp_path / "out", AS_THEY_ARE)
    assert [job.target for job in named] == [f"{tmp_path}/out/.j.hif"], "what is named is wanted"


def test_hdr_pictures_become_jpegs_by_name(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("a.jxr", "b.EXR", "c.hdr", "d.png", "e.tif", "f.npy"):
        (folder / name).touch()
    others: list[PassedOver] = []
    jobs = plan([folder], out, AS_THEY_ARE, passed_over=others)
    assert [Path(job.target).name for job in jobs] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [Path(other.source).name for other in others] == ["d.png", "e.tif", "f.npy"], "most of these are SDR"
    assert [Path(job.target).name for job in plan([folder], out, AVIF)] == ["a.avif", "b.avif", "c.avif"]
    named = plan([folder / name for name in ("d.png", "e.tif", "f.npy")], out, AS_THEY_ARE)
    assert [Path(job.target).name for job in named] == ["d.jpg", "e.jpg", "f.jpg"], "what is named is wanted"
    (kept,) = plan([folder / "a.jxr"], out, AS_THEY_ARE, keep_suffix=True)
    assert Path(kept.target).name == "a.jxr.jpg"


def test_what_a_batch_left_is_not_even_passed_over(photos: Path, tmp_path: Path) -> None:
    converted(photos, tmp_path / "out")
    others: list[PassedOver] = []
    plan([tmp_path / "out"], tmp_path / "other", AS_THEY_ARE, passed_over=others)
    assert others == []


def test_pipes_sockets_and_devices_are_passed_over(photos: Path, tmp_path: Path) -> None:
    os.mkfifo(photos / "pipe.jpg")
    (photos / "zero.heic").symlink_to("/dev/zero")
    (photos / "linked.jpg").symlink_to("one.jpg")
    others: list[PassedOver] = []
    jobs = plan([photos, photos / "pipe.jpg"], tmp_path / "out", AS_THEY_ARE, passed_over=others)
    assert len(jobs) == 5
    assert [Path(other.source).name for other in others if "pipe" in other.reason] == [
        "pipe.jpg",
        "zero.heic",
        "pipe.jpg",
    ]


@pytest.mark.parametrize("stem", ["照" * 83, "x" * 251, "bad\udcff", "two\nlines"])
def test_names_of_all_kinds_are_written_and_found_again(stem: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"{stem}.jpg").write_bytes(files.made(standard=True))
    for status in ("converted", "skipped"):
        (job,) = plan([tmp_path / "in"], tmp_path / "out", AS_THEY_ARE)
        assert convert_photo(job).status == status
    assert [path.name for path in (tmp_path / "out").iterdir() if path.is_file()] == [f"{stem}.jpg"]
    (job,) = plan([tmp_path / "in"], tmp_path / "avif", BatchOptions(container="avif"))
    photo = convert_photo(job)
    assert photo.status == "converted" or (stem[0] == "x" and photo.problem.endswith("File name too long"))


def test_a_photo_is_named_as_what_it_is(tmp_path: Path) -> None:
    """Phones' HEIC files are often called .jpg."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    sources = {"one.jpg": "heif/tmap.heic", "two.avif": "jpeg/both.jpg", "three.heic": "heif/tmap.heic"}
    for name, source in sources.items():
        (folder / name).write_bytes((FIXTURES / source).read_bytes())
    jobs = plan([folder], out, BatchOptions(strip="gps"))
    assert [Path(job.target).name for job in jobs] == ["one.heic", "three.heic", "two.jpg"]
    assert [convert_photo(job).problem for job in jobs] == ["", "", ""]
    assert (out / "one.heic").read_bytes()[4:8] == b"ftyp"
    assert [Path(job.target).name for job in plan([folder], out, AVIF)] == ["one.avif", "three.avif", "two.avif"]
