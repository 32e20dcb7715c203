"""The process that decodes one file into pictures: ``python picture.py SOURCE FOLDER …limits``.

Imports nothing of the product but this file, drops every privilege it can, and may be killed at any time.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "TIFF", "GIF", "WEBP", "BMP")


def main(arguments: list[str]) -> int:
    """0 when at least one page became a picture, 1 when the file cannot be read."""
    source, folder = Path(arguments[0]), Path(arguments[1])
    pages, side, pixels, seconds, memory = (int(a) for a in arguments[2:7])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024 * 1024, 64 * 1024 * 1024))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    Image.MAX_IMAGE_PIXELS = pixels
    try:
        with source.open("rb") as stream:
            is_pdf = stream.read(1024).lstrip().startswith(b"%PDF")
        found = _pdf(source, pages, side, pixels) if is_pdf else _pictures(source, pages, pixels)
        count = 0
        for count, picture in enumerate(found, start=1):
            picture.thumbnail((side, side))
            picture.save(folder / f"{count:03}.webp", "WEBP", quality=80, method=3)
    except (OSError, ValueError, SyntaxError, MemoryError, UnidentifiedImageError, Image.DecompressionBombError):
        return 1
    return 0 if count else 1


def _pictures(source: Path, pages: int, pixels: int) -> Iterator[Image.Image]:
    with Image.open(source, formats=FORMATS) as opened:
        for count, frame in enumerate(ImageSequence.Iterator(opened)):
            # An animation is shown by its first picture; the pages of a TIFF are pages.
            if count >= pages or (count and opened.format != "TIFF"):
                return
            if frame.width * frame.height > pixels:
                raise ValueError("too many pixels")
            yield _flat(ImageOps.exif_transpose(frame))


def _flat(picture: Image.Image) -> Image.Image:
    """Plain pixels on white, without palettes, profiles and notes."""
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        return picture.convert("F").point(lambda v: v / 256).convert("L").convert("RGB")
    rgba = picture.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")


def _pdf(source: Path, pages: int, side: int, pixels: int) -> Iterator[Image.Image]:
    import pypdfium2  # a heavy library that pictures do not need

    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        raise ValueError(str(error)) from None
    for at in range(min(len(document), pages)):
        page = document[at]
        width, height = page.get_size()
        if width <= 0 or height <= 0:
            raise ValueError("a page without a size")
        scale = min(side / max(width, height), 3.0, (pixels / (width * height)) ** 0.5)
        yield page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
        page.close()
    document.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
