"""The process that reads the text out of one file: ``python text_of_file.py SOURCE TARGET …limits``.

Imports nothing of the product but this file, drops every privilege it can, and may be killed at any time.
PDF, docx, xlsx and plain text are told apart by their first bytes, never by their names.
"""

from __future__ import annotations

import resource
import sys
import typing as t
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
UNPACKED = 200 * 1024 * 1024
ENCODINGS = ("utf-8-sig", "cp932")


def main(arguments: list[str]) -> int:
    """0 when there is a text (which may be empty), 1 when the file cannot be read or holds none."""
    source, target = Path(arguments[0]), Path(arguments[1])
    characters, seconds, memory = (int(a) for a in arguments[2:5])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024 * 1024, 64 * 1024 * 1024))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    warnings.simplefilter("ignore")
    found: list[str] = []
    length = 0
    try:
        for piece in _pieces(source):
            found.append(piece)
            length += len(piece) + 1
            if length >= characters:
                break
    except Exception:  # a stranger's file may break its reader in any way
        if not found:
            return 1
    target.write_text(" ".join(found)[:characters].replace("\0", ""), encoding="utf-8", errors="replace")
    return 0


def _pieces(source: Path) -> Iterator[str]:
    with source.open("rb") as stream:
        start = stream.read(1024)
    if start.lstrip().startswith(b"%PDF"):
        return _pdf(source)
    if start.startswith(b"PK\x03\x04"):
        return _package(source)
    return _plain(source)


def _pdf(source: Path) -> Iterator[str]:
    import pypdfium2  # a heavy library that other files do not need

    document = pypdfium2.PdfDocument(source)
    for at in range(len(document)):
        page = document[at]
        yield page.get_textpage().get_text_bounded()
        page.close()


def _package(source: Path) -> Iterator[str]:
    with zipfile.ZipFile(source) as archive:
        parts = {part.filename: part.file_size for part in archive.infolist()}
        if sum(parts.values()) > UNPACKED:
            raise ValueError("too large")
        if "word/document.xml" in parts:
            for name in ("word/document.xml", "word/footnotes.xml", "word/comments.xml"):
                if name in parts:
                    with archive.open(name) as part:
                        yield from _paragraphs(part)
            return
    if "xl/workbook.xml" in parts:
        yield from _cells(source)
        return
    raise ValueError("no document")


def _paragraphs(part: t.IO[bytes]) -> Iterator[str]:
    words: list[str] = []
    for _, element in ElementTree.iterparse(part):  # noqa: S314  # in a process with limits
        if element.tag == f"{WORD}t":
            words.append(element.text or "")
        elif element.tag == f"{WORD}p":
            yield "".join(words)
            words.clear()
            element.clear()


def _cells(source: Path) -> Iterator[str]:
    import openpyxl  # a heavy library that other files do not need

    with source.open("rb") as stream:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            yield str(sheet.title)
            for row in sheet.iter_rows(values_only=True):
                yield " ".join(str(cell) for cell in row if cell is not None)


def _plain(source: Path) -> Iterator[str]:
    content = source.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield content.decode("utf-16")
        return
    if b"\0" in content[:4096]:
        raise ValueError("no text")
    for encoding in ENCODINGS:
        try:
            yield content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return
    raise ValueError("no text")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
