"""What may be written where: found before any work; and files that appear whole, with the permissions they had."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gainmap_codec.pixels.formats.outputs import check_outputs, real_target, write_atomically


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return made(tmp_path / "in/photo.jpg")


def made(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"precious")
    return path


# Plans


def test_a_new_name_is_free(photo: Path, tmp_path: Path) -> None:
    check_outputs([((photo,), tmp_path / "new.jpg"), ((), tmp_path / "sheet.png")], overwrite=False)
    check_outputs([((photo,), tmp_path / "a/b/new.jpg")], overwrite=False, makes_folders=True)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        check_outputs([((photo,), tmp_path / "a/new.jpg")], overwrite=False)
    with pytest.raises(OSError, match="expected a folder, got a file"):
        check_outputs([((photo,), photo / "new.jpg")], overwrite=False, makes_folders=True)


@pytest.mark.parametrize("names", [("IMG_1.jpg", "IMG_1.jpg"), ("IMG_1.jpg", "img_1.JPG"), ("é.jpg", "e\u0301.JPG")])
def test_two_that_become_one_file(names: tuple[str, str], tmp_path: Path) -> None:
    one, other = Path("IMG_1.HEIC"), Path("IMG_1.JPG")
    planned = [((one,), tmp_path / names[0]), ((other,), tmp_path / names[1])]
    for overwrite in (False, True):
        with pytest.raises(ValueError, match=r"^IMG_1\.HEIC and IMG_1\.JPG would both become .*: nothing is done$"):
            check_outputs(planned, overwrite=overwrite)


def test_all_that_is_in_the_way_is_told(tmp_path: Path) -> None:
    one, other, third = (Path(f"IMG_1.{suffix}") for suffix in ("HEIC", "JPG", "AVIF"))
    planned = [((photo,), tmp_path / f"IMG_1-{width}.jpg") for photo in (one, other, third) for width in (480, 960)]
    with pytest.raises(ValueError, match=r"^IMG_1\.HEIC and IMG_1\.JPG would both become .*-480\.jpg") as told:
        check_outputs(planned, overwrite=True)
    assert told.value.__notes__ == [f"{one} and {third} would both become {planned[0][1]}: nothing is done"]
    there = [((Path(f"{number}.heic"),), made(tmp_path / f"{number}.jpg")) for number in range(12)]
    with pytest.raises(FileExistsError, match=r"^0\.heic would become .*/0\.jpg, which is there already") as several:
        check_outputs([*there, (there[0][0], made(tmp_path / "large.jpg"))], overwrite=False)
    second, *_, tenth, more = several.value.__notes__
    assert second.startswith("1.heic") and tenth.startswith("9.heic") and more == "and 2 more"


def test_a_file_that_is_there_is_replaced_only_if_asked(photo: Path, tmp_path: Path) -> None:
    target = made(tmp_path / "there.jpg")
    with pytest.raises(FileExistsError, match=r"photo\.jpg would become .*there\.jpg, which is there already"):
        check_outputs([((photo,), target)], overwrite=False)
    with pytest.raises(FileExistsError, match=r"^\S*there\.jpg is there already"):
        check_outputs([((), target)], overwrite=False)
    with pytest.raises(FileExistsError, match=r"^\S*there\.jpg is there already"):
        check_outputs([((photo, Path("other.jpg")), target)], overwrite=False)
    check_outputs([((photo,), target)], overwrite=True)


@pytest.mark.parametrize("link", ["same", "PHOTO.JPG", "symbolic", "hard"])
def test_a_source_is_replaced_only_by_itself_and_if_asked(link: str, photo: Path, tmp_path: Path) -> None:
    target = tmp_path / "in" / link if link == "PHOTO.JPG" else tmp_path / "out.jpg"
    if link == "same":
        target = tmp_path / "in/../in/photo.jpg"
    elif link == "symbolic":
        target.symlink_to(photo)
    elif link == "hard":
        target.hardlink_to(photo)
    with pytest.raises(FileExistsError, match=r"would become .*, which is .*photo\.jpg itself: nothing is done"):
        check_outputs([((photo,), target)], overwrite=False)
    if link != "hard":
        check_outputs([((photo,), target)], overwrite=True)
    other = made(tmp_path / "other.jpg")
    planned = [((other,), target), ((photo,), tmp_path / "new.jpg")]
    with pytest.raises(ValueError, match=r"other\.jpg would become .*, which is .*photo\.jpg, another source"):
        check_outputs(planned, overwrite=True)


def test_all_sources_of_one_file_may_be_replaced_by_it(photo: Path, tmp_path: Path) -> None:
    check_outputs([((made(tmp_path / "hdr.jpg"), photo), photo)], overwrite=True)


# Places


def test_links_lead_to_what_is_written(photo: Path, tmp_path: Path) -> None:
    link, broken, circle = tmp_path / "link.jpg", tmp_path / "broken.jpg", tmp_path / "circle.jpg"
    link.symlink_to("in/photo.jpg")
    broken.symlink_to("in/new.jpg")
    circle.symlink_to("circle.jpg")
    write_atomically(link, b"new")
    assert link.is_symlink() and photo.read_bytes() == b"new"
    write_atomically(broken, b"first")
    assert broken.is_symlink() and (tmp_path / "in/new.jpg").read_bytes() == b"first"
    with pytest.raises(OSError, match="expected a file or nothing there"):
        write_atomically(circle, b"new")


def test_what_cannot_be_written_is_refused_and_named(photo: Path, tmp_path: Path) -> None:
    photo.chmod(0o444)
    with pytest.raises(PermissionError, match="got a read-only one") as refused:
        write_atomically(photo, b"new")
    assert refused.value.filename == str(photo)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(OSError, match="expected a file or nothing there, got something else"):
        real_target(tmp_path / "pipe.jpg")
    with pytest.raises(OSError, match="got a folder"):
        real_target(tmp_path / "in")
    (tmp_path / "name.jpg").hardlink_to(made(tmp_path / "other.jpg"))
    with pytest.raises(OSError, match=r"expected a file with one name, got one that has 2 \(hard links\)"):
        write_atomically(tmp_path / "name.jpg", b"new")
    assert photo.read_bytes() == (tmp_path / "other.jpg").read_bytes() == b"precious"


def test_a_read_only_folder_is_found_first(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != photo.parent)  # root may write anywhere
    for target in (photo.parent / "new.jpg", photo.parent / "more/new.jpg"):
        with pytest.raises(PermissionError, match="expected a folder to write to, got a read-only one") as refused:
            check_outputs([((photo,), target)], overwrite=True, makes_folders=True)
        assert refused.value.filename == str(photo.parent)


# Writing


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_permissions_are_kept(mode: int, photo: Path) -> None:
    photo.chmod(mode)
    write_atomically(photo, b"new")
    assert stat.S_IMODE(photo.stat().st_mode) == mode and photo.read_bytes() == b"new"


def test_a_failed_write_leaves_nothing_and_keeps_the_old(tmp_path: Path) -> None:
    target = tmp_path / "out.exr"
    write_atomically(target, b"old")
    with pytest.raises(TypeError):
        write_atomically(target, "not bytes")  # type: ignore[arg-type]
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "no" / "such.exr", b"data")


def test_a_new_photo_has_the_date_of_the_one_it_is_made_of(photo: Path, tmp_path: Path) -> None:
    os.utime(photo, ns=(10**18, 10**18 + 123_456_789))
    write_atomically(tmp_path / "new.jpg", b"new", dated_as=photo)
    assert (tmp_path / "new.jpg").stat().st_mtime_ns == 10**18 + 123_456_789
    write_atomically(tmp_path / "none.jpg", b"new", dated_as="-")
    (tmp_path / "link.jpg").symlink_to(photo)
    write_atomically(tmp_path / "link.jpg", b"turned", dated_as=photo)
    for changed in (photo, tmp_path / "none.jpg"):
        assert changed.stat().st_mtime > 10**9 + 1, "a photo that is replaced itself has changed now"


def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda number: _is_written(photo, bytes([number])), range(8)))
    assert sum(written) == 1
    assert photo.read_bytes() == bytes([written.index(True)])
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def _is_written(path: Path, data: bytes) -> bool:
    try:
        write_atomically(path, data, overwrite=False)
    except FileExistsError as error:
        assert "photo.jpg is there already: nothing is done" in str(error)
        return False
    return True
