"""TOKEN: a secret that nothing gives away."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from tests.fields.making import make, problems, refused
from tests.fields.people import OFFICE

SECRET = "Abc_-" * 9
START = datetime(2022, 8, 1, tzinfo=UTC)


def test_default_is_a_new_secret_each_time() -> None:
    made = {make("TOKEN").default(OFFICE) for _ in range(50)}
    assert len(made) == 50
    assert all(len(secret) >= 43 and make("TOKEN").coerce(secret, OFFICE) == secret for secret in made)


@pytest.mark.parametrize("raw", ["short", "x" * 129, "x" * 42 + "/", 5, ["x" * 43]])
def test_what_is_no_secret(raw: object) -> None:
    assert problems(lambda: make("TOKEN").coerce(raw, OFFICE)) == [("token.not_a_token", ())]


def test_nothing_gives_it_away() -> None:
    field = make("TOKEN")
    assert field.text(SECRET, OFFICE) == ""
    assert field.cell(SECRET, OFFICE) is None
    assert field.search_text(SECRET, OFFICE) == ""
    assert SECRET not in str(field.display(SECRET, OFFICE))
    assert SECRET not in str(field.to_kintone(SECRET, OFFICE))
    assert field.kintone_type() == ""
    assert field.operators == ("is empty", "is not empty")
    assert (field.writable, field.searchable, field.exported, field.is_unique()) == (False, False, False, True)
    assert problems(lambda: field.parse(SECRET, OFFICE)) == [("token.not_writable", ())]


def test_form_shows_the_link() -> None:
    assert f'href="/f/observation/{SECRET}"' in make("TOKEN", form="observation").display(SECRET, OFFICE)
    assert make("TOKEN", form="observation").display(None, OFFICE) == ""


@pytest.mark.parametrize(
    "settings, hours, last_hours, accepted",
    [
        ({}, 1, None, False),
        ({"form": "f"}, 1, None, True),
        ({"form": "f"}, 24 * 4000, None, True),
        ({"form": "f", "expiresAfterDays": "7"}, 24 * 7 - 1, None, True),
        ({"form": "f", "expiresAfterDays": "7"}, 24 * 7, None, False),
        ({"form": "f", "oncePerDay": True}, 30, None, True),
        ({"form": "f", "oncePerDay": True}, 30, 29, False),
        # 14:00 UTC is 23:00 in Tokyo, two hours later is the next day there
        ({"form": "f", "oncePerDay": True}, 16, 14, True),
        ({"form": "f", "oncePerDay": False}, 30, 29, True),
    ],
)
def test_when_it_accepts(settings: dict[str, t.Any], hours: int, last_hours: int | None, accepted: bool) -> None:
    last = None if last_hours is None else START + timedelta(hours=last_hours)
    now = START + timedelta(hours=hours)
    assert make("TOKEN", **settings).accepts(now, start=START, last_answer=last, zone=OFFICE.zone) is accepted


def test_wrong_settings() -> None:
    assert refused("TOKEN", form="a/b", expiresAfterDays="0") == [
        ("token.form", ("form",)),
        ("setting.too_small", ("expiresAfterDays",)),
    ]
