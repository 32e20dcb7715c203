"""FILE: keys in, names out; thumbnails; the form's tick boxes."""

from __future__ import annotations

import typing as t

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form

from lowcode.fields.context import NOBODY, FileRef
from lowcode.fields.file import shown_size
from tests.fields.making import complaints, make, problems, refused
from tests.fields.people import FILES, OFFICE, someone_else

PDF, PNG = FILES


@pytest.mark.parametrize(
    "raw, value",
    [
        (None, ()),
        ("", ()),
        ([], ()),
        ([{"fileKey": PDF.key}], (PDF,)),
        (PDF.key, (PDF,)),
        ([PDF.key, PNG.key], (PDF, PNG)),
        ([{"fileKey": PDF.key}, PDF], (PDF,)),
        ((PNG,), (PNG,)),
        ([{"fileKey": PDF.key, "name": "forged.exe", "size": "1"}], (PDF,)),
    ],
)
def test_coerce(raw: t.Any, value: tuple[FileRef, ...]) -> None:
    assert make("FILE").coerce(raw, OFFICE) == value


@pytest.mark.parametrize("raw", ["nothing", {"fileKey": None}, {}, 5, {"fileKey": "../etc/passwd"}])
def test_a_file_that_nobody_may_attach(raw: t.Any) -> None:
    assert problems(lambda: make("FILE").coerce([PDF.key, raw], OFFICE)) == [("file.unknown", (1,))]


def test_what_is_stored() -> None:
    field = make("FILE")
    assert field.load(field.store((PDF, PNG))) == (PDF, PNG)
    assert field.elements((PDF, PNG)) == (PDF.key, PNG.key)
    assert (field.store(()), field.load(None)) == (None, ())
    # History must be readable when the file store says nothing any more.
    assert field.from_history(field.history_value((PDF,))) == (PDF,)
    assert problems(lambda: field.coerce([PDF.key], NOBODY)) == [("file.unknown", (0,))]


def test_kintone_writes_sizes_as_text() -> None:
    assert make("FILE").to_kintone((PDF,), OFFICE) == {
        "type": "FILE",
        "value": [{"fileKey": PDF.key, "name": "検査票.pdf", "contentType": "application/pdf", "size": "12345"}],
    }


@pytest.mark.parametrize("size", ["50", "150", "250", "500"])
def test_thumbnail_size(size: str) -> None:
    field = make("FILE", thumbnailSize=size)
    html = str(field.display((PDF, PNG), someone_else(previews=True)))
    assert html.count("<img") == 1
    assert f'src="/k/7/file/1/{PNG.key}/{size}" width="{size}"' in html
    assert "<img" not in field.display((PDF, PNG), OFFICE), "no picture is asked for where none is made"


def test_display_links_and_escapes() -> None:
    html = make("FILE").display((PNG,), OFFICE)
    assert f'<a href="/k/7/file/1/{PNG.key}"><span>&lt;胸部&gt;.png</span></a>' in html
    assert "999 B" in html
    assert "<a" not in make("FILE").display((PNG,), NOBODY)


def test_thumbnail_sizes_are_kintones() -> None:
    assert refused("FILE", thumbnailSize="100") == [("setting.choice", ("thumbnailSize",))]


def test_required() -> None:
    assert complaints(make("FILE", required=True), (), OFFICE) == [("required", ())]
    assert complaints(make("FILE", required=True), (PDF,), OFFICE) == []


def test_search_text_has_the_names() -> None:
    assert make("FILE").search_text((PDF, PNG), OFFICE) == "検査票.pdf <胸部>.png"


@pytest.mark.parametrize(
    "size, shown",
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KB"), (1025, "2 KB"), (3 * 2**20, "3 MB"), (2**40, "1024 GB")],
)
def test_sizes(size: int, shown: str) -> None:
    assert shown_size(size) == shown


# --- the form ----------------------------------------------------------------------------------


def _form(posted: list[tuple[str, str]] | None, data: t.Any = ()) -> t.Any:
    kind = type("F", (Form,), {"papers": make("FILE").form_field(OFFICE)})
    return kind(MultiDict(posted) if posted is not None else None, data={"papers": data}).papers


@pytest.mark.parametrize(
    "posted, data, changed",
    [
        ([("papers:shown", "1"), ("papers", PDF.key)], (PDF,), False),
        ([("papers:shown", "1"), ("papers", PDF.key), ("papers:remove", PDF.key)], (), True),
        ([("papers:shown", "1"), ("papers", PDF.key), ("papers", PNG.key)], (PDF, PNG), True),
        ([("papers:shown", "1"), ("papers", PDF.key), ("papers", PNG.key), ("papers:remove", PDF.key)], (PNG,), True),
        ([("papers:shown", "1")], (), True),
        ([("other", "1")], (PDF,), False),
    ],
)
def test_form(posted: list[tuple[str, str]], data: tuple[FileRef, ...], changed: bool) -> None:
    papers = _form(posted, (PDF,))
    assert (papers.data, papers.changed) == (data, changed)


def test_form_html() -> None:
    papers = _form(None, (PNG,))
    html = str(papers())
    assert papers.upload_name == "papers:upload"
    for part in (
        'name="papers:upload" type="file"',
        f'name="papers" value="{PNG.key}"',
        f'name="papers:remove" value="{PNG.key}"',
        'name="papers:shown"',
        "multiple",
        "「&lt;胸部&gt;.png」を外す",
    ):
        assert part in html


def test_a_forged_key_is_refused() -> None:
    papers = _form([("papers", "someone-elses")])
    assert not papers.validate(None)
    assert [p.code for p in papers.problems] == ["file.unknown"]
