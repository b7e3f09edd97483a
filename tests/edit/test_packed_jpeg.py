"""JPEGs into JPEG XL files and out of them: what is coded stays, and libjxl's own tools find it."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

import gainmap_codec as gm
from gainmap_codec.codec.encoding import encode_with_report
from gainmap_codec.codec.opening import open_file
from gainmap_codec.codec.options import EncodeOptions, TranscodeOptions
from gainmap_codec.edit.transcode import transcode_opened, transcode_with_report
from gainmap_codec.errors import Limits
from gainmap_codec.files.jxl.packed_jpeg import PackedJpeg, PackedPicture, pack_jpeg
from gainmap_codec.files.records import AppleMetadata, Codec, CodedImage, Container, StoredGainMap
from gainmap_codec.pixels.color.light import pq_psnr
from gainmap_codec.pixels.formats.coded_image import code_picture
from gainmap_codec.pixels.scene import render_scene
from support.container_files import parsed, photo, serialized
from support.jxl_files import box, boxes
from support.paths import FIXTURES

SCENE = gm.HdrImage(render_scene(64, 96))

pytestmark = pytest.mark.usefixtures("short_fits")


def report(data: bytes, **options: object) -> tuple[bytes, tuple[str, ...], tuple[str, ...]]:
    found = transcode_with_report(data, TranscodeOptions(**options))  # type: ignore[arg-type]
    return found.data, found.notes, found.warnings


def test_a_jpeg_goes_in_and_comes_out_bit_for_bit() -> None:
    packed, done, lost = report(photo("jpeg"), container="jxl")
    assert done[:2] == ("base: kept bit for bit", "standard gain map: kept bit for bit") and not lost
    assert {b"jbrd", b"jxlc", b"jhgm", b"jumb", b"Exif", b"xml "} < {kind for kind, _ in boxes(packed)}
    assert len(packed) < len(photo("jpeg"))
    back, _, lost = report(packed, container="jpeg")
    assert back == photo("jpeg") and not lost


def is_apples(path: Path) -> bool:
    stored = parsed(path.read_bytes()).gain_map
    return stored is not None and stored.carrier == "apple"


@pytest.mark.parametrize("path", sorted((FIXTURES / "jpeg").glob("*.jpg")), ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_pixels_of_packed_jpegs_are_those_of_the_jpegs(path: Path) -> None:
    try:
        packed = gm.transcode(path, container="jxl")
    except gm.GainMapError:
        return  # of a JPEG that is broken, or that no writer takes
    assert parsed(packed).base.codec == "jpeg"
    for prefer in ("base", "standard", "neural"):
        wanted = gm.decode(path, prefer=prefer)
        found = gm.decode(packed, prefer=prefer)
        if wanted.rendered_from == "standard" and is_apples(path):  # its numbers become those of ISO 21496-1
            continue
        if found.rendered_from == wanted.rendered_from:
            np.testing.assert_allclose(found.pixels, wanted.pixels, rtol=1e-6, atol=1e-7)


def test_the_base_of_a_jpeg_is_packed_by_encode() -> None:
    base = imagecodecs.jpeg8_encode(np.asarray(render_scene(64, 96) * 200).clip(0, 255).astype(np.uint8), level=90)
    data = gm.encode(SCENE, bytes(base), container="jxl", carry="standard")
    file = parsed(data)
    assert (file.base.codec, file.base_digest) == ("jpeg", parsed(bytes(base)).base_digest)
    assert file.gain_map is not None and file.gain_map.image.codec == "jxl"
    jpeg = gm.transcode(data, container="jpeg")
    assert parsed(jpeg).base_digest == file.base_digest and gm.decode(jpeg).rendered_from == "standard"


def test_encode_packs_a_base_once(monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[str] = []

    def counted(jpeg: bytes, picture: PackedPicture) -> PackedJpeg:
        packed.append(picture)
        return pack_jpeg(jpeg, picture)

    expected = gm.encode(photo("jpeg"), container="jxl", carry="standard")
    monkeypatch.setattr("gainmap_codec.files.jxl.write.pack_jpeg", counted)
    assert gm.encode(photo("jpeg"), container="jxl", carry="standard") == expected
    assert packed == ["base"]


def test_a_gain_map_of_code_points_has_a_profile_in_jpeg() -> None:
    """A JPEG's map of a JPEG XL file that tells the alternate's colour by code points."""
    data = gm.transcode(gm.encode(SCENE, container="jxl", carry="standard"), container="jpeg")
    stored = parsed(data).gain_map
    assert stored is not None and stored.image.codec == "jpeg"


def test_a_packed_jpeg_that_is_cut_is_coded_anew() -> None:
    packed = gm.transcode(photo("jpeg"), container="jxl")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cut = gm.crop(packed, (8, 8, 56, 88))
    file = parsed(cut)
    assert (file.container, file.base.codec, file.gain_map and file.gain_map.image.codec) == ("jxl", "jxl", "jxl")
    assert not any(kind == b"jbrd" for kind, _ in boxes(cut))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_packed_jpeg_is_turned_in_jpeg(degrees: int) -> None:
    packed = gm.transcode(photo("jpeg"), container="jxl")
    there = gm.transcode(gm.rotate(packed, degrees), container="jpeg")
    np.testing.assert_array_equal(gm.decode(there).pixels, gm.decode(gm.rotate(photo("jpeg"), degrees)).pixels)


def test_a_turn_that_exif_does_not_tell_is_told_in_jpeg() -> None:
    plain = gm.encode(SCENE, container="jxl", carry="standard")
    base = gm.transcode(gm.encode(SCENE, carry="standard"), container="jxl")
    for data in (plain, base):
        turned = gm.rotate(data, 90)
        assert parsed(turned).exif is None
        jpeg = gm.transcode(turned, container="jpeg")
        assert parsed(jpeg).orientation == 6
        assert gm.decode(jpeg).pixels.shape == gm.decode(turned).pixels.shape


def test_a_video_behind_a_jpeg_is_packed_with_it() -> None:
    data = photo("jpeg") + b"\0\0\0\x14ftypmp42" + bytes(range(200))
    packed, _, lost = report(data, container="jxl")
    assert not lost
    assert report(packed, container="jpeg")[0].endswith(bytes(range(200)))
    cut = report(packed, box=(0, 0, 32, 32))
    assert any("a video" in line and "not carried into a JPEG XL file" in line for line in cut[2])


def test_a_large_video_stays_behind_and_is_told_of() -> None:
    data = photo("jpeg") + b"\0\0\0\x14ftypmp42" + bytes(1 << 23) + b"end"
    packed, _, lost = report(data, container="jxl")
    assert any("a video" in line and "not carried into a JPEG XL file" in line for line in lost)
    assert len(packed) < len(photo("jpeg"))


@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_a_jpeg_that_is_cut_off_is_coded_anew() -> None:
    """libjxl packs none that has no end; the picture is not lost for that."""
    data = (FIXTURES / "jpeg/standard.jpg").read_bytes()
    cut = data[: len(parsed(data).base.data) - 20]
    packed = gm.transcode(cut, container="jxl")
    assert parsed(packed).base.codec == "jxl"
    np.testing.assert_allclose(gm.decode(packed).pixels, gm.decode(cut).pixels, atol=0.1)


@pytest.mark.parametrize("source", ["jxl", "jpeg"])
def test_parts_make_the_same_file_again(source: Container) -> None:
    data = gm.transcode(photo(source), container="jxl")
    parts = gm.extract(data)
    again = gm.assemble(
        parts.base,
        parts.gain_map,
        parts.metadata,
        container="jxl",
        payload=parts.payload,
        alternate_icc_profile=parts.alternate_icc_profile,
        alternate_color=parts.alternate_color,
    )
    old, new = parsed(data), parsed(again)
    assert (new.base_digest, new.payload, new.orientation) == (old.base_digest, old.payload, old.orientation)
    assert new.gain_map is not None and old.gain_map is not None
    assert new.gain_map.image.data == old.gain_map.image.data
    np.testing.assert_array_equal(gm.decode(again).pixels, gm.decode(data).pixels)


@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_places_are_stripped_from_the_jpeg_too() -> None:
    packed = gm.transcode(photo("jpeg"), container="jxl", strip="gps")
    back = gm.transcode(packed, container="jpeg")
    assert back == gm.transcode(photo("jpeg"), strip="gps")
    assert gm.transcode(gm.transcode(photo("jpeg"), container="jxl"), strip="gps") == packed


@pytest.mark.skipif(shutil.which("djxl") is None, reason="djxl is not installed")
def test_djxl_gives_the_jpeg_back(tmp_path: Path) -> None:
    plain = bytes(imagecodecs.jpeg8_encode(np.asarray(render_scene(64, 96) * 200).clip(0, 255).astype(np.uint8)))
    (tmp_path / "photo.jxl").write_bytes(gm.encode(SCENE, plain, container="jxl"))
    subprocess.run(["djxl", "photo.jxl", "back.jpg"], cwd=tmp_path, check=True, capture_output=True)
    back = (tmp_path / "back.jpg").read_bytes()
    assert parsed(back).base_digest == parsed(plain).base_digest


def arithmetic(image: CodedImage) -> CodedImage:
    """The same coefficients in arithmetic coding, which libjxl does not read."""
    command = ["jpegtran", "-arithmetic", "-copy", "all"]
    return replace(image, data=subprocess.run(command, input=image.data, capture_output=True, check=True).stdout)


def not_packed(picture: str) -> str:
    return f"the JPEG of the {picture} cannot be packed and is coded anew (libjxl: JxlEncoderAddJPEGFrame returned"


def codecs_of(data: bytes) -> dict[str, Codec]:
    file = parsed(data)
    assert file.gain_map is not None
    return {"base": file.base.codec, "gain map": file.gain_map.image.codec}


@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_a_base_with_a_broken_profile_is_coded_anew() -> None:
    file = parsed(photo("jpeg"))
    data = serialized(replace(file, base=replace(file.base, icc_profile=b"no ICC profile" * 20)))
    made, _, lost = report(data, container="jxl", carry="standard")
    encoded = encode_with_report(data, None, EncodeOptions(container="jxl", carry="standard"))
    for new, told in ((made, lost), (encoded.data, encoded.warnings)):
        assert any(line.startswith(not_packed("base")) for line in told)
        assert parsed(new).base.codec == "jxl"
        assert pq_psnr(gm.decode(new, prefer="base").pixels, gm.decode(data, prefer="base").pixels) > 38


@pytest.mark.skipif(shutil.which("jpegtran") is None, reason="jpegtran is not installed")
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_the_picture_alone_that_cannot_be_packed_is_coded_anew() -> None:
    file = parsed(photo("jpeg"))
    assert file.gain_map is not None
    base, told = arithmetic(file.base), replace(file.gain_map, image=arithmetic(file.gain_map.image))
    for broken, names in (
        (replace(file, base=base), {"base"}),
        (replace(file, gain_map=told), {"gain map"}),
        (replace(file, base=base, gain_map=told), {"base", "gain map"}),
    ):
        made, _, lost = report(serialized(broken), container="jxl", carry="standard")
        assert {name for name in codecs_of(made) for line in lost if line.startswith(not_packed(name))} == names
        assert {name for name, codec in codecs_of(made).items() if codec == "jxl"} == names
        assert pq_psnr(gm.decode(made).pixels, gm.decode(photo("jpeg"), prefer="standard").pixels) > 38


@pytest.mark.parametrize("quality", [None, 90, 100])
@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_a_jpeg_xl_that_is_cut_off_is_coded_anew(quality: int | None) -> None:
    """What there is of the picture, which other decoders would refuse; where it is only turned, as it is."""
    scene = gm.HdrImage(render_scene(300, 600))
    data = gm.transcode(gm.encode(scene, carry="standard"), container="jxl", quality=quality)
    whole = gm.decode(data, prefer="base").pixels
    cut = data[: data.index(b"jxlc") + len(dict(boxes(data))[b"jxlc"]) * 9 // 10]
    made, done, lost = report(cut)
    assert done[0].startswith("base: coded again")
    assert any(line.startswith("the picture is cut off: ") for line in lost)
    assert parsed(made).damage == () and parsed(made).base.codec == "jxl"
    np.testing.assert_allclose(gm.decode(made).pixels[:200, :400], whole[:200, :400], atol=0.1)
    turned = gm.decode(gm.rotate(cut, 180))
    assert any(line.startswith("the picture is cut off: ") for line in turned.warnings)
    seen = turned.pixels[::-1, ::-1]
    np.testing.assert_allclose(seen[:200, :400], whole[:200, :400], atol=0.02)


@pytest.mark.filterwarnings("ignore::gainmap_codec.GainMapWarning")
def test_of_two_gain_maps_the_first_is_kept_and_the_other_named() -> None:
    """A JPEG XL file has room for one: of a phone's two, and of a box before the map inside a packed JPEG."""
    grey = code_picture(np.full((24, 16), 90, np.uint8), "hevc", quality=95)
    phone = open_file(photo("heic"), "a phone's", Limits())
    apples = StoredGainMap(grey, AppleMetadata(4.0, 131072, "xmp"), "apple")
    whole = bytes(imagecodecs.jpegxl_encode_jpeg(photo("jpeg"), usecontainer=True))
    packed = open_file(whole + box(b"jhgm", dict(boxes(photo("jxl")))[b"jhgm"]), "cjxl's", Limits())
    for opened, carrier in (
        (replace(phone, file=replace(phone.file, spare_gain_map=apples)), "apple"),
        (packed, "iso21496"),
    ):
        source = opened.file
        assert source.gain_map is not None and source.spare_gain_map is not None
        made = transcode_opened(opened, TranscodeOptions(container="jxl"))
        new = parsed(made.data)
        assert new.gain_map is not None and new.spare_gain_map is None
        assert new.gain_map.metadata == source.gain_map.metadata
        assert f"the second gain map ({carrier}) is not kept: a JPEG XL holds only one" in made.warnings
