"""CSV and TSV: encoding and delimiter are found, rows are streamed."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from lowcode.errors import invalid
from lowcode.transfer.tabular import Line, Reading

ENCODINGS = ("utf-8", "cp932", "utf-16", "euc_jp", "iso2022_jp")
"""What may be chosen; ``utf-8`` reads a byte order mark too."""
DELIMITERS = (",", "\t", ";")
MAX_CELL = 200_000
CHUNK = 1024 * 1024
# Bytes that stand for nothing in CP932 and that the codec lets through.
_STRAY = re.compile("[\x80\xa0\uf8f0-\uf8f3]")
_ALIASES = {
    "utf8": "utf-8",
    "utf-8-sig": "utf-8",
    "utf_8": "utf-8",
    "utf-8": "utf-8",
    "sjis": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "cp932": "cp932",
    "ms932": "cp932",
    "windows-31j": "cp932",
    "utf-16": "utf-16",
    "utf16": "utf-16",
    "euc-jp": "euc_jp",
    "euc_jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "iso2022_jp": "iso2022_jp",
}


def inspect(path: Path, encoding: str | None, delimiter: str | None) -> tuple[Reading, int]:
    """How a text file is read and about how many lines it has. Raises :class:`Invalid`."""
    chosen, count = _decodable(path, encoding)
    text = _beginning(path, chosen)
    if delimiter is not None and delimiter not in DELIMITERS:
        raise invalid("transfer.delimiter")
    return Reading(kind="csv", encoding=chosen, delimiter=delimiter or _delimiter(path, text)), count


def lines(path: Path, reading: Reading) -> Iterator[Line]:
    """Every row of the file with its number. Raises :class:`Invalid`."""
    csv.field_size_limit(MAX_CELL)
    with path.open("r", encoding=_codec(reading.encoding), newline="") as stream:
        source = csv.reader(stream, delimiter=reading.delimiter)
        number = 0
        while True:
            try:
                cells = next(source, None)
            except csv.Error:
                # Nearly always a quote that is opened and never closed: the rest of the file became one cell.
                raise invalid("transfer.broken_row", row=number + 1) from None
            except UnicodeError:
                raise invalid("transfer.encoding_wrong", encoding=reading.encoding, row=number + 1) from None
            if cells is None:
                return
            number += 1
            yield number, cells


def _codec(encoding: str) -> str:
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _decodable(path: Path, encoding: str | None) -> tuple[str, int]:
    if encoding:
        chosen = _ALIASES.get(encoding.lower())
        if chosen is None:
            raise invalid("transfer.encoding_unknown", encoding=encoding)
        count, wrong = _count_lines(path, chosen)
        if wrong is not None:
            raise invalid("transfer.encoding_wrong", encoding=chosen, row=wrong)
        return chosen, count
    with path.open("rb") as stream:
        head = stream.read(CHUNK)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates: tuple[str, ...] = ("utf-16",)
    elif b"\x1b$" in head:
        candidates = ("iso2022_jp",)
    elif _reads_like_kana(head):
        candidates = ("utf-8", "euc_jp", "cp932")
    else:
        candidates = ("utf-8", "cp932", "euc_jp")
    furthest = 0
    for each in candidates:
        count, wrong = _count_lines(path, each)
        if wrong is None:
            return each, count
        furthest = max(furthest, wrong)
    raise invalid("transfer.encoding", row=furthest)


def _reads_like_kana(head: bytes) -> bool:
    """Whether CP932 would make half-width katakana of nearly everything, as it does with EUC-JP."""
    wide = [c for c in head[: 64 * 1024].decode("cp932", "ignore") if not c.isascii()]
    return sum("\uff61" <= c <= "\uff9f" for c in wide) > len(wide) * 0.6


def _count_lines(path: Path, encoding: str) -> tuple[int, int | None]:
    """How many lines decode, and the line where that fails (None: nowhere)."""
    decoder = codecs.getincrementaldecoder(_codec(encoding))()
    count, ended = 0, True
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            try:
                text = decoder.decode(chunk)
            except UnicodeError as error:
                start = getattr(error, "start", 0)
                return count, count + chunk[:start].count(b"\n") + 1
            if encoding == "cp932" and (stray := _STRAY.search(text)):
                return count, count + text.count("\n", 0, stray.start()) + 1
            count += text.count("\n") or text.count("\r")
            ended = text.endswith(("\n", "\r")) if text else ended
    try:
        decoder.decode(b"", final=True)
    except UnicodeError:
        return count, count + 1
    return count if ended else count + 1, None


def _beginning(path: Path, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(_codec(encoding))("ignore")
    with path.open("rb") as stream:
        return decoder.decode(stream.read(64 * 1024))


def _delimiter(path: Path, text: str) -> str:
    """The delimiter that splits most of the first rows into the same number of columns."""
    best, best_score = ("\t" if path.suffix.lower() in (".tsv", ".tab") else ","), 0.0
    for each in DELIMITERS:
        widths = [len(row) for row, _ in zip(_quietly(text, each), range(50), strict=False) if row]
        if not widths:
            continue
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        score = (usual - 1) * widths.count(usual) / len(widths)
        if score > best_score:
            best, best_score = each, score
    return best


def _quietly(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(MAX_CELL)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error:
        return
