"""The load run finds what it is there to find: a save that was acknowledged and is not there as it was typed."""

from __future__ import annotations

import contextlib
import threading
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
from werkzeug.serving import make_server

from bench import handwritten, handwritten_forms, load, load_report, ours, reading_back
from bench.reading_back import Found, compare, same
from bench.session import Session, Typed, hidden, sentence
from bench.visits import SAVES, Addresses, Kept, Person
from lowcode.app import create_app

TYPED: Typed = {"marker": "o1", "temp": "36.5", "symptoms": ("せき", "頭痛")}
STORED = {"marker": "o1", "temp": "36.50", "symptoms": ["頭痛", "せき"]}


@pytest.mark.parametrize(
    ("typed", "stored", "answer"),
    [
        ("咳", "咳", True),
        ("咳", "", False),
        ("36.5", "36.50", True),
        ("36.5", "36.6", False),
        ("36.5", None, False),
        ("2022-01-02T03:04:00Z", "2022-01-02T12:04:00+09:00", True),
        ("2022-01-02T03:04:00Z", "2022-01-02T03:05:00Z", False),
        (("a", "b"), ["b", "a"], True),
        (("a", "b"), ["a"], False),
        (("a",), None, False),
    ],
)
def test_what_is_typed_is_compared_by_its_meaning(typed: t.Any, stored: t.Any, answer: bool) -> None:
    assert same(typed, stored) is answer


@pytest.mark.parametrize(
    ("there", "record", "expected"),
    [
        ({7: STORED}, 7, Found(acknowledged=1)),
        ({}, 7, Found(acknowledged=1, lost=["o1"])),
        ({8: STORED}, 7, Found(acknowledged=1, lost=["o1"])),
        ({7: STORED | {"temp": "40"}}, 7, Found(acknowledged=1, changed=["o1 temp: '36.5' is '40'"])),
        ({7: STORED, 8: STORED}, 7, Found(acknowledged=1, twice=["o1"])),
        ({}, None, Found()),
        ({7: STORED}, None, Found(unanswered=1)),
    ],
)
def test_every_save_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, there: dict[int, dict[str, t.Any]], record: int | None, expected: Found
) -> None:
    monkeypatch.setattr(reading_back, "_records", lambda client, app, first: there.items() if app == 2 else ())
    person = Person(0, "a", Session(1), kept=[Kept(SAVES[1], "o1", TYPED, record)])
    assert compare([person], 1, (1, 2), ("a", "b"), 0) == expected


def test_hidden_fields_are_those_of_the_form_that_is_meant() -> None:
    page = (
        '<form><input type="hidden" name="csrf_token" value="other"></form>'
        '<form id="edit"><input type="hidden" name="csrf_token" value="a&amp;b"><input name="seen" value="x">'
    )
    assert hidden(page, 'id="edit"') == {"csrf_token": "a&b"}


def test_a_refusal_says_something_or_not() -> None:
    assert sentence("<head><title>x</title></head><body><p>Too busy &amp; slow.</p></body>") == "Too busy & slow."
    assert sentence("<body><br></body>") == ""


@contextlib.contextmanager
def listening(app: flask.Flask) -> Iterator[int]:
    """The application on loopback; gives the port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def worked(port: int, addresses: Addresses, login: str, saves: int) -> Person:
    """One person's part in a run, without pauses."""
    person = Person(0, login, Session(port))
    assert person.session.log_in(login, ours.PASSWORD).status in (302, 303)
    now = time.perf_counter()
    person.work(addresses, 5, now - 1, now + 600, 0.001, saves)
    return person


def test_a_person_saves_and_what_was_saved_is_there(tmp_path: Path) -> None:
    services = ours.services_for(tmp_path, f"sqlite:///{tmp_path / 'lowcode.db'}")
    apps, tokens, logins = ours.prepare_load(services, 1)
    ours.load(services, apps[0], 0, 5)
    with listening(create_app(services=services)) as port:
        person = worked(port, load.addresses_of(*apps), logins[0], 12)
        found = compare([person], port, apps, tokens, 5)
    assert (found.acknowledged, found.wrong(), load_report.broken([person])) == (12, [], [])
    assert {kind for kind, _, _ in person.samples} == {*load_report.ORDER} - {"log-in"}


def test_the_hand_written_application_takes_the_same_forms(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hand.db'}"
    handwritten_forms.prepare(url, ["a"], ours.PASSWORD)
    handwritten.load(url, 0, 5)
    application = handwritten_forms.create_app(url)
    with listening(application) as port:
        person = worked(port, load.HAND_WRITTEN, "a", 12)
    application.extensions["database"].dispose()
    assert load_report.broken([person]) == []
    assert handwritten_forms.count(url) == (5 + 2, 10)
