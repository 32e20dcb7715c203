"""What stands in attachments is found: PDF, docx, xlsx and plain text, whatever they are called."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from lowcode import db
from lowcode.files import library, texts
from lowcode.jobs import searching
from lowcode.jobs.worker import Worker
from lowcode.records.record import Change
from tests.search.place import ACTOR, Office

WORDS = "検査結果は陰性です。濵田クリニック 090-7777-8888"
WORD = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'


def docx(*paragraphs: str) -> bytes:
    out = io.BytesIO()
    runs = "".join(
        "<w:p>" + "".join(f"<w:r><w:t>{half}</w:t></w:r>" for half in (p[: len(p) // 2], p[len(p) // 2 :])) + "</w:p>"
        for p in paragraphs
    )
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", WORD.format(runs))
    return out.getvalue()


def xlsx(*cells: str) -> bytes:
    book = openpyxl.Workbook()
    book.create_sheet("結果").append(list(cells))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def pdf(words: str) -> bytes:
    """A page with Latin words in a font that every reader has."""
    content = f"BT /F1 12 Tf 72 720 Td ({words}) Tj ET".encode()
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, part in enumerate(parts, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj%sendobj\n" % (number, part))
    start = out.tell()
    out.write(b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start)
    return out.getvalue()


FILES = [
    pytest.param("結果.docx", docx("件名", WORDS), "浜田クリニック", id="docx"),
    pytest.param("結果.xlsx", xlsx("番号", WORDS), "結果は陰性", id="xlsx"),
    pytest.param("結果.txt", WORDS.encode(), "09077778888", id="text"),
    pytest.param("結果.csv", WORDS.encode("cp932", "replace"), "7777-8888", id="text in Shift_JIS"),
    pytest.param("result.pdf", pdf("Negative, sample A-20931"), "sample a20931", id="pdf"),
    pytest.param("結果.txt", pdf("Negative sample"), "negative", id="a pdf under another name"),
]
BROKEN = [
    pytest.param("a.pdf", b"%PDF-1.4 nothing", id="a broken pdf"),
    pytest.param("a.docx", b"PK\x03\x04nothing", id="a broken archive"),
    pytest.param("a.txt", b"\0\1\2\3" * 100, id="no text"),
    pytest.param("a.docx", docx().replace(b"w:body", b"w:bodx", 1), id="broken markup"),
]


def attach(office: Office, name: str, content: bytes) -> str:
    with db.writing(office.services.engine) as connection:
        now = office.services.settings.now()
        ref = library.keep(
            connection,
            office.services.store,
            io.BytesIO(content),
            name=name,
            content_type="application/octet-stream",
            user_id=ACTOR.user_id,
            now=now,
        )
        searching.enqueue_text(connection, ref.key, ref.name, ref.size, now)
    return ref.key


def work(office: Office) -> None:
    worker = Worker(office.services)
    while worker.step():
        pass


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name, content, words", FILES)
def test_the_text_of_a_file_is_found(office: Office, name: str, content: bytes, words: str) -> None:
    key = attach(office, name, content)
    office.add({"name": "甲", "papers": [key]}, {"name": "乙"})
    assert office.ids(words) == []
    work(office)
    (hit,) = office.found(words).hits
    assert (hit.id, [f.code for f in hit.fields], hit.in_files) == (1, ["papers"], True)


@pytest.mark.parametrize("name, content", BROKEN)
def test_a_broken_file_holds_nothing_and_stops_nothing(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert texts.may_hold_text(name, len(content))
    assert texts.read(path) == ""


def test_it_makes_no_difference_what_comes_first_and_rows_have_files_too(office: Office) -> None:
    early, late, row = (attach(office, f"{n}.txt", f"文書{n}の中身".encode()) for n in ("一", "二", "三"))
    work(office)
    (first,) = office.add({"name": "甲", "papers": [early]})
    assert office.ids("文書一") == [first]
    office.save(Change(id=first, values={"papers": [early, late], "family": [{"values": {"letters": [row]}}]}))
    assert office.ids("文書二") == office.ids("文書三") == [first]
    office.save(Change(id=first, values={"name": "乙"}))
    assert office.ids("文書一") == [first]
    office.save(Change(id=first, values={"papers": [late]}))
    assert office.ids("文書一") == []
    office.save(Change(id=first, delete=True))
    assert office.ids("文書二") == []
    office.services.write(ACTOR, lambda space: space.service(office.app).restore([first]))
    assert office.ids("文書二") == office.ids("文書三") == [first]


def test_files_that_came_another_way_are_read_by_the_schedule(office: Office) -> None:
    with db.writing(office.services.engine) as connection:
        ref = library.keep(
            connection, office.services.store, io.BytesIO(WORDS.encode()), name="a.txt", content_type="text/plain",
            user_id=ACTOR.user_id, now=office.services.settings.now(),
        )  # fmt: skip
    office.add({"name": "甲", "papers": [ref.key]})
    work(office)
    assert office.ids("検査結果") == [1]
