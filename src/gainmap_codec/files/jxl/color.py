"""Colour encodings of JPEG XL and code points of ITU-T H.273, as far as each says what the other does.

Source: ISO/IEC 18181-1:2024 tables E.1 to E.6; ITU-T H.273 (07/2024).
"""

from __future__ import annotations

from gainmap_codec.files.code_points import UNSPECIFIED, Matrix, Nclx, Primaries, Transfer
from gainmap_codec.files.jxl.header import GREY, RGB, XYB, ColorEncoding, ImageHeader
from gainmap_codec.files.jxl.profile import profile_of

_D65, _DCI = 1, 11
_PRIMARIES = {
    Primaries.BT709: (_D65, 1),
    Primaries.BT2020: (_D65, 9),
    Primaries.DISPLAY_P3: (_D65, 11),
    Primaries.DCI_P3: (_DCI, 11),
}
"""White point and primaries of a colour encoding."""
_TRANSFERS = (Transfer.BT709, Transfer.LINEAR, Transfer.SRGB, Transfer.PQ, Transfer.HLG)
"""Which have the same numbers."""
_SAME_AS_BT709 = (Transfer.BT601, Transfer.BT2020_10, Transfer.BT2020_12)
_POWERS = {Transfer.GAMMA22: 4545455, Transfer.GAMMA28: 3571429}  # in ten millionths


def code_points_of(color: ColorEncoding) -> Nclx | None:
    """The code points that mean the same, of RGB in full range, or None. Grey has the primaries of its white."""
    if color.has_icc or color.space not in (RGB, GREY):
        return None
    primaries = 1 if color.space == GREY else color.primaries
    place = next((name for name, found in _PRIMARIES.items() if found == (color.white_point, primaries)), None)
    curve = next((name for name, power in _POWERS.items() if power == color.gamma), None)
    if color.gamma is None and color.transfer in _TRANSFERS:
        curve = Transfer(color.transfer)
    return None if place is None or curve is None else Nclx(place, curve, Matrix.IDENTITY, True)


def color_of(nclx: Nclx, *, is_grey: bool = False) -> ColorEncoding | None:
    """The colour encoding that means the same, or None."""
    transfer = Transfer.BT709 if nclx.transfer in _SAME_AS_BT709 else nclx.transfer
    gamma = next((power for name, power in _POWERS.items() if name == transfer), None)
    if (gamma is None and transfer not in _TRANSFERS) or nclx.primaries not in list(_PRIMARIES):
        return None
    white_point, primaries = _PRIMARIES[Primaries(nclx.primaries)]
    space = GREY if is_grey else RGB
    return ColorEncoding(
        space, white_point, primaries=1 if is_grey else primaries, transfer=13 if gamma else transfer, gamma=gamma
    )


def decoded_color(header: ImageHeader) -> ColorEncoding:
    """The colour in which code values of a picture without a profile are wanted: its own.

    Of a picture that is coded in light, it may be another one that has a name where its own has none.
    """
    color = header.color
    if color.space == XYB:
        return ColorEncoding()
    if not header.is_xyb or code_points_of(color) or profile_of(color):
        return color
    return ColorEncoding(primaries=9, transfer=color.transfer)


def color_in(header: ImageHeader) -> tuple[bytes | None, Nclx | None]:
    """ICC profile or code points of a picture: its own profile, or one made of what code points have no words for."""
    if header.icc_profile is not None:
        return header.icc_profile, None
    color = decoded_color(header)
    told = code_points_of(color)
    profile = None if told else profile_of(color)
    return profile, None if profile else told or Nclx(UNSPECIFIED, color.transfer, Matrix.IDENTITY, True)
