"""Previews: only fresh pixels come out, whatever goes in, within limits."""

from __future__ import annotations

import io
import os
import typing as t
from pathlib import Path

import pytest
from PIL import Image

from lowcode import db
from lowcode.errors import Invalid
from lowcode.files import confined, previews
from lowcode.jobs import previews as preview_jobs
from tests.jobs.conftest import Office

KEY = "0123456789abcdef0123456789abcdef01234567"


def picture(format: str, size: tuple[int, int] = (2000, 1000), pages: int = 1, mode: str = "RGB") -> bytes:
    frames = [Image.new(mode, size, 20_000 if mode == "I;16" else f"#c8{10 * n:02x}1e") for n in range(pages)]
    out = io.BytesIO()
    more: dict[str, t.Any] = {"save_all": True, "append_images": frames[1:]} if pages > 1 else {}
    frames[0].save(out, format, **more)
    return out.getvalue()


def pdf(pages: int) -> bytes:
    import pypdfium2

    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(595, 842)
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


@pytest.mark.parametrize(
    "content, expected",
    [
        pytest.param(picture("PNG"), [(1600, 800)], id="png"),
        pytest.param(picture("JPEG", (100, 50)), [(100, 50)], id="a small jpeg stays small"),
        pytest.param(picture("TIFF", (300, 200), pages=3), [(300, 200)] * 3, id="a fax with three pages"),
        pytest.param(picture("TIFF", (300, 200), pages=12), [(300, 200)] * 4, id="only the first pages"),
        pytest.param(picture("GIF", (30, 20), pages=3), [(30, 20)], id="an animation's first picture"),
        pytest.param(picture("PNG", (30, 20), mode="RGBA"), [(30, 20)], id="transparency"),
        pytest.param(picture("TIFF", (30, 20), mode="I;16"), [(30, 20)], id="an x-ray's 16 bits"),
        pytest.param(pdf(2), [(1131, 1600)] * 2, id="pdf"),
    ],
)
def test_pages_become_fresh_pictures(tmp_path: Path, content: bytes, expected: list[tuple[int, int]]) -> None:
    source = tmp_path / "upload"
    source.write_bytes(content)
    count = previews.make(source, tmp_path / "previews", KEY, previews.Limits(pages=4))
    sizes = []
    for path in previews.pages(tmp_path / "previews", KEY):
        with Image.open(path) as made:
            assert (made.format, made.mode) == ("WEBP", "RGB")
            sizes.append(made.size)
    assert count == len(sizes) == len(expected)
    assert all(abs(w - x) <= 2 and abs(h - y) <= 2 for (w, h), (x, y) in zip(sizes, expected, strict=True))


@pytest.mark.parametrize(
    "content, limits",
    [
        pytest.param(b"no picture at all", previews.Limits(), id="text"),
        pytest.param(b"", previews.Limits(), id="nothing"),
        pytest.param(b"%PDF-1.7\nbroken", previews.Limits(), id="a broken pdf"),
        pytest.param(picture("PNG")[:200], previews.Limits(), id="half a picture"),
        pytest.param(picture("PNG", (3000, 3000)), previews.Limits(pixels=1_000_000), id="too many pixels"),
        pytest.param(picture("PNG", (6000, 6000)), previews.Limits(memory=150_000_000), id="too much memory"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", previews.Limits(), id="svg"),
    ],
)
def test_what_cannot_be_shown_leaves_nothing(tmp_path: Path, content: bytes, limits: previews.Limits) -> None:
    source = tmp_path / "upload"
    source.write_bytes(content)
    with pytest.raises(Invalid) as caught:
        previews.make(source, tmp_path / "previews", KEY, limits)
    assert caught.value.problems[0].code == "preview.failed"
    assert [p for p in (tmp_path / "previews").rglob("*") if p.is_file() or p.name.startswith(".making")] == []


def test_a_decoder_that_never_ends_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "fifo"
    os.mkfifo(source)  # opening it for reading waits for ever
    monkeypatch.setattr(confined, "GRACE", -0.9)
    with pytest.raises(Invalid) as caught:
        previews.make(source, tmp_path / "previews", KEY, previews.Limits(seconds=1))
    assert caught.value.problems[0].code == "preview.too_slow"


@pytest.mark.parametrize("key", ["../../etc/passwd", "short", "Ａ" * 40])
def test_a_key_is_no_path(tmp_path: Path, key: str) -> None:
    with pytest.raises(Invalid):
        previews.pages(tmp_path, key)


def test_an_attachment_gets_its_previews_by_a_job_once(office: Office) -> None:
    key, size, _ = office.services.store.write(io.BytesIO(picture("PNG", (40, 30))))
    with db.writing(office.services.engine) as connection:
        assert preview_jobs.enqueue_preview(connection, key, "text/html", size, office.now) is None
        job_id = preview_jobs.enqueue_preview(connection, key, "image/png", size, office.now)
        assert preview_jobs.enqueue_preview(connection, key, "image/png", size, office.now) == job_id
    assert job_id is not None
    assert office.worker().run_due() == 1
    assert office.job(job_id).result == {"pages": 1}
    assert len(previews.pages(preview_jobs.root(office.services.settings), key)) == 1
