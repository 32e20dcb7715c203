"""No byte of a backup can change without being found, and the part it is in is named."""

from __future__ import annotations

import io
import random
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lowcode.backup import archive

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PLACES = 50


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small archive: packed and unpacked members, an empty one among them."""
    path = tmp_path / "a.zip"
    noise = random.Random(1)
    with path.open("wb") as stream:
        writer = archive.Writer(stream, NOW)
        for name, content, packed in (
            ("tables/a.jsonl", b'[1,"x"]\n' * 400, True),
            ("files/empty", b"", False),
            ("files/picture", noise.randbytes(3000), False),
        ):
            with writer.part(name, packed=packed) as out:
                out.write(content)
        writer.close({"format": 1})
    return path


def owner(whole: archive.Report, size: int, at: int) -> set[str]:
    """Which part a byte belongs to."""
    for name, start, length, _ in whole.manifest["parts"]:
        if start <= at < start + length:
            return {name}
    return {archive.MANIFEST, archive.DIRECTORY, archive.END}


def test_any_zip_tool_reads_it(file: Path) -> None:
    with zipfile.ZipFile(file) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["tables/a.jsonl", "files/empty", "files/picture", archive.MANIFEST]
    report = archive.check(file)
    assert (report.parts, report.damage) == (3, ())


def test_a_flipped_byte_is_found_and_its_part_is_named(file: Path) -> None:
    whole, content = archive.check(file), file.read_bytes()
    chance = random.Random(50)
    # Headers, names, descriptors and the directory are small, so the first and last bytes of each are tried as well.
    edges = [at for _, start, length, _ in whole.manifest["parts"] for at in (start, start + length - 1)]
    tail = edges[-1] + 1
    places = [*(chance.randrange(len(content)) for _ in range(PLACES)), *edges, tail, len(content) - 1]
    places += [chance.randrange(tail, len(content)) for _ in range(PLACES)]
    named = set()
    for at in places:
        flipped = bytearray(content)
        flipped[at] ^= 1 << chance.randrange(8)
        file.write_bytes(flipped)
        damage = {each.part for each in archive.check(file).damage}
        assert len(damage) == 1, at
        assert damage <= owner(whole, len(content), at), at
        named |= damage
    assert named >= {archive.MANIFEST, archive.DIRECTORY, archive.END, "files/picture"}


@pytest.mark.parametrize("cut", [1, 200, 3000])
def test_a_file_that_was_cut_off_is_damaged(file: Path, cut: int) -> None:
    file.write_bytes(file.read_bytes()[:-cut])
    assert [each.part for each in archive.check(file).damage] == [archive.END]


@pytest.mark.parametrize("content", [b"", b"PK", b"name,age\n" * 100], ids=["empty", "a beginning", "another file"])
def test_other_files_are_told_apart(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    if content.startswith(b"PK"):
        assert archive.check(path).damage == (archive.Damage(archive.END),)
    else:
        with pytest.raises(archive.BadArchive, match="not_one"):
            archive.check(path)


def test_a_foreign_zip_is_no_backup(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as out:
        out.writestr("a", "b")
    (tmp_path / "a.zip").write_bytes(content.getvalue())
    assert archive.check(tmp_path / "a.zip").damage == (archive.Damage(archive.END),)
