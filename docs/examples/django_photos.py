"""Django: an image field that keeps HDR, forgets places, and has smaller files made.

class Photo(models.Model):
    image = HdrImageField(upload_to="photos", widths=(480, 960, 1920))

<img src="{{ photo.image.url }}" srcset="{{ photo.image.srcset }}" sizes="100vw" alt="{{ photo.title }}">
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db.models import ImageField
from django.db.models.fields.files import ImageFieldFile

import gainmap_codec as gm

LIMITS = gm.Limits(pixels=1 << 26, file_bytes=1 << 26)


def validate_photo(file: Any) -> None:
    """Refuse what is no JPEG, HEIC, AVIF or JPEG XL, what is broken, and what is too large, before it is stored."""
    file.seek(0)
    try:
        gm.inspect(file, limits=LIMITS)
    except gm.GainMapError as error:
        raise ValidationError(str(error)) from error
    file.seek(0)


class HdrImageFieldFile(ImageFieldFile):
    """The stored photo, without its place, and a smaller file of each width beside it: photo.jpg, photo-480.jpg."""

    def save(self, name: str, content: Any, save: bool = True) -> None:
        content.seek(0)
        data = gm.transcode(content, strip="gps", limits=LIMITS)
        super().save(name, ContentFile(data), save=False)
        for width in self.widths:
            small = gm.resize(data, size=(width, None), preset="web")
            self.storage.save(self.name_at(width), ContentFile(small))
        if save:
            self.instance.save()

    def delete(self, save: bool = True) -> None:
        for width in self.widths:
            self.storage.delete(self.name_at(width))
        super().delete(save)

    @property
    def widths(self) -> list[int]:
        """Those of the field that are smaller than the photo."""
        return [width for width in self.field.widths if width < self.width]

    @property
    def srcset(self) -> str:
        """For the `img` element: browsers take the smallest file that fills the place."""
        smaller = [f"{self.storage.url(self.name_at(width))} {width}w" for width in self.widths]
        return ", ".join([*smaller, f"{self.url} {self.width}w"])

    def name_at(self, width: int) -> str:
        """Where the storage has the file of that width."""
        path = PurePosixPath(self.name)
        return str(path.with_name(f"{path.stem}-{width}{path.suffix}"))


class HdrImageField(ImageField):
    """As `ImageField`, for photos with HDR."""

    attr_class = HdrImageFieldFile
    default_validators = (validate_photo,)

    def __init__(self, *arguments: Any, widths: tuple[int, ...] = (480, 960, 1920), **options: Any) -> None:
        self.widths = widths
        super().__init__(*arguments, **options)

    def deconstruct(self) -> Any:
        name, path, arguments, options = super().deconstruct()
        return name, path, arguments, {**options, "widths": self.widths}
