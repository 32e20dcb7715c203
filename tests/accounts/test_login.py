"""Logging in: sessions, throttling, and that answers tell strangers nothing."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import argon2
import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.accounts import first, passwords, sessions, throttle, users
from lowcode.accounts.login import change_password, check_password, log_in
from lowcode.accounts.users import UserData
from lowcode.errors import Conflict, Invalid, TooMany
from lowcode.services import Services
from lowcode.system.models import AuditEntry, LoginAttempt, User
from tests.people import NOW, PASSWORD, add, make_services

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def services(engine: sa.Engine, tmp_path: Path) -> Services:
    return make_services(engine, tmp_path)


def at(services: Services, later: timedelta) -> Services:
    """The same installation some time later."""
    return replace(services, settings=replace(services.settings, frozen_now=NOW + later))


def enter(services: Services, login: str = "sato", password: str = PASSWORD, address: str = HOME) -> str:
    return log_in(services.engine, services.settings, login, password, address=address).session.token


def is_open(services: Services, token: str) -> bool:
    with db.reading(services.engine) as connection:
        return sessions.find(connection, token, services.settings.now()) is not None


# --- sessions ------------------------------------------------------------------------------------


def test_a_log_in_opens_a_session_that_the_database_cannot_reveal(services: Services) -> None:
    number = add(services, "sato")
    entered = log_in(services.engine, services.settings, " SATO ", PASSWORD, address=HOME, agent="Test")
    assert entered.user_id == number
    with db.reading(services.engine) as connection:
        found = sessions.find(connection, entered.session.token, NOW)
        stored = connection.execute(sa.text("SELECT * FROM sessions")).one()
        actions = connection.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert found is not None
    assert (found.user_id, found.csrf) == (number, entered.session.csrf)
    assert entered.session.token not in str(stored)
    assert actions[-1] == "login"


@pytest.mark.parametrize(
    "used, later, expected",
    [
        (timedelta(0), sessions.IDLE - timedelta(seconds=1), True),
        (timedelta(0), sessions.IDLE, False),
        (sessions.LONGEST - timedelta(minutes=5), sessions.LONGEST - timedelta(seconds=1), True),
        (sessions.LONGEST - timedelta(minutes=5), sessions.LONGEST, False),
    ],
)
def test_a_session_ends_by_itself(services: Services, used: timedelta, later: timedelta, expected: bool) -> None:
    add(services, "sato")
    token = enter(services)
    with db.writing(services.engine) as connection:
        found = sessions.find(connection, token, NOW)
        assert found is not None
        sessions.touch(connection, found, NOW + used)
    assert is_open(at(services, later), token) is expected


def test_sessions_are_ended_one_by_one_or_all_at_once(services: Services) -> None:
    number, other = add(services, "sato"), add(services, "ito")
    first_, second, third, foreign = enter(services), enter(services), enter(services), enter(services, "ito")
    with db.writing(services.engine) as connection:
        assert len(sessions.of_user(connection, number, NOW)) == 3
        assert sessions.end(connection, sessions.hash_token(first_), user_id=number)
        assert not sessions.end(connection, sessions.hash_token(foreign), user_id=number)
        assert sessions.end_all(connection, number, keep=sessions.hash_token(second)) == 1
    assert [is_open(services, t) for t in (first_, second, third, foreign)] == [False, True, False, True]
    with db.writing(services.engine) as connection:
        assert sessions.end_all(connection, other) == 1


def test_old_sessions_are_swept_away(services: Services) -> None:
    add(services, "sato")
    enter(services)
    enter(at(services, timedelta(days=1)))
    with db.reading(services.engine) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM sessions")) == 1


def test_a_changed_password_ends_the_other_sessions(services: Services) -> None:
    number = add(services, "sato")
    mine, other = enter(services), enter(services)
    actor = services.actor(number)
    change_password(
        services.engine,
        services.settings,
        actor,
        PASSWORD,
        "four quiet ledgers",
        address=HOME,
        keep_session=sessions.hash_token(mine),
    )
    assert (is_open(services, mine), is_open(services, other)) == (True, False)
    enter(services, password="four quiet ledgers")
    with pytest.raises(Invalid):
        enter(services)


@pytest.mark.parametrize(
    "old, new, code, path",
    [
        ("wrong", "four quiet ledgers", "password.wrong_old", "old"),
        (PASSWORD, PASSWORD, "password.unchanged", "new"),
        (PASSWORD, "short", "password.too_short", "new"),
        (PASSWORD, "sato123456789", "password.is_login", "new"),
    ],
)
def test_a_password_is_changed_by_who_knows_it(services: Services, old: str, new: str, code: str, path: str) -> None:
    actor = services.actor(add(services, "sato"))
    with pytest.raises(Invalid) as refused:
        change_password(services.engine, services.settings, actor, old, new)
    assert [(p.code, p.path) for p in refused.value.problems] == [(code, (path,))]


def test_an_old_hash_is_renewed(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    add(services, "sato")
    monkeypatch.setattr(passwords, "needs_rehash", lambda stored: True)
    with db.reading(services.engine) as connection:
        before = connection.scalar(sa.select(User.password_hash))
    enter(services)
    with db.reading(services.engine) as connection:
        assert connection.scalar(sa.select(User.password_hash)) != before
    enter(services)


def test_a_program_is_known_by_name_and_password_without_a_session(services: Services) -> None:
    number = add(services, "sato")
    add(services, "new", must_change_password=True)
    assert check_password(services.engine, services.settings, "sato", PASSWORD) == number
    for login, password in (("sato", "wrong"), ("nobody", PASSWORD), ("new", PASSWORD)):
        with pytest.raises(Invalid):
            check_password(services.engine, services.settings, login, password)
    with db.reading(services.engine) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM sessions")) == 0


def test_whoever_is_switched_off_while_the_password_is_looked_at_stays_out(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = add(services, "sato")
    verify = passwords.verify

    def slow(stored: str, password: str) -> bool:
        with db.writing(services.engine) as connection:
            users.switch(connection, number, False, services.system("test"), NOW)
        return verify(stored, password)

    monkeypatch.setattr(passwords, "verify", slow)
    with pytest.raises(Invalid):
        enter(services)


# --- who may not log in -----------------------------------------------------------------------------


def test_all_refusals_look_the_same(services: Services) -> None:
    today = NOW.astimezone(services.settings.zone).date()
    add(services, "sato")
    add(services, "gone", active=False)
    add(services, "late", expires_on=today - timedelta(days=1))
    add(services, "last-day", expires_on=today)
    with db.writing(services.engine) as connection:
        users.save(connection, UserData(login="nopass", name="x"), services.system("test"), NOW)
    refusals = []
    for login, password in (
        ("sato", "wrong"),
        ("nobody", PASSWORD),
        ("gone", PASSWORD),
        ("late", PASSWORD),
        ("nopass", ""),
        ("sato", ""),
        ("", ""),
        ("sato", "x" * 100_000),
    ):
        with pytest.raises(Invalid) as refused:
            enter(services, login, password)
        refusals.append([(p.code, p.path, dict(p.params)) for p in refused.value.problems])
    assert refusals == [[("login.failed", ("login",), {})]] * len(refusals)
    enter(services, "last-day")
    with db.reading(services.engine) as connection:
        targets = set(connection.scalars(sa.select(AuditEntry.target).where(AuditEntry.action == "login.failed")))
    assert targets == {"sato", "gone", "late", "nopass", ""}  # what is no name may be a password


def test_time_does_not_tell_who_exists(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    add(services, "sato")
    hashes: list[str] = []

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            hashes.append(stored)
            return hasher.verify(stored, password)

    hasher = passwords._hasher
    passwords._nobodys()
    monkeypatch.setattr(passwords, "_hasher", Counting())
    for number, login in enumerate(("sato", "nobody", ""), start=1):
        with pytest.raises(Invalid):
            log_in(services.engine, services.settings, login, "wrong")
        assert len(hashes) == number  # one slow hash for everybody
    assert len({str(argon2.extract_parameters(stored)) for stored in hashes}) == 1


# --- throttling ------------------------------------------------------------------------------------


def fail(services: Services, login: str = "sato", address: str = HOME) -> int:
    """One wrong try; the seconds to wait when it was refused unread, else 0."""
    try:
        with db.writing(services.engine) as connection:
            throttle.begin(connection, login, address, services.settings.now())
    except TooMany as error:
        return int(error.params["seconds"])
    return 0


def test_after_some_failures_the_pause_grows_and_ends(services: Services) -> None:
    assert [fail(services) for _ in range(7)] == [0, 0, 0, 0, 0, 15, 15]
    pauses = []
    now = timedelta(0)
    for _ in range(9):
        wait = fail(at(services, now))
        pauses.append(wait)
        now += timedelta(seconds=wait)
        assert fail(at(services, now)) == 0
    assert pauses == [15, 30, 60, 120, 240, 480, 900, 900, 900]
    assert fail(at(services, now + throttle.MEMORY + timedelta(seconds=1))) == 0
    assert fail(at(services, now + throttle.MEMORY + timedelta(seconds=2))) == 0


def test_refused_tries_do_not_prolong_the_pause(services: Services) -> None:
    for _ in range(5):
        fail(services)
    assert [fail(at(services, timedelta(seconds=s))) for s in (5, 10, 14)] == [10, 5, 1]
    assert fail(at(services, timedelta(seconds=15))) == 0


def test_a_pause_refuses_even_the_right_password_and_does_not_look_at_it(services: Services) -> None:
    add(services, "sato")
    for _ in range(5):
        with pytest.raises(Invalid):
            enter(services, password="wrong")
    with pytest.raises(TooMany) as refused:
        enter(services)
    assert refused.value.params == {"seconds": 15}
    enter(at(services, timedelta(seconds=15)))
    # Success forgets the pair: five new tries are free.
    assert [fail(at(services, timedelta(seconds=16))) for _ in range(5)] == [0] * 5


def test_strangers_cannot_keep_a_person_out(services: Services) -> None:
    add(services, "sato")
    enter(services)
    for number in range(200):
        fail(services, "sato", f"203.0.113.{number}")
    assert fail(services, "sato", ELSEWHERE) > 0
    enter(services)  # from where the person has logged in before
    assert fail(at(services, timedelta(seconds=throttle.RULES["login"].longest)), "sato", ELSEWHERE) == 0


def test_one_address_cannot_try_many_names(services: Services) -> None:
    waits = [fail(services, f"user{number}") for number in range(70)]
    assert waits[:60] == [0] * 60
    assert all(waits[60:])
    assert fail(services, "user1", ELSEWHERE) == 0


def test_a_network_of_ipv6_counts_as_one_address(services: Services) -> None:
    waits = [fail(services, f"user{number}", f"2001:db8:0:1::{number:x}") for number in range(70)]
    assert waits[:60] == [0] * 60
    assert all(waits[60:])
    assert fail(services, "user1", "2001:db8:0:2::1") == 0
    for _ in range(5):
        assert fail(services, "sato", "::ffff:192.0.2.7") == 0
    assert fail(services, "sato", "192.0.2.7") == 15


def test_an_own_account_does_not_wipe_out_guesses_at_others(services: Services) -> None:
    add(services, "mallory")
    for number in range(60):
        if number % 10 == 9:
            enter(services, "mallory")
        fail(services, f"user{number}")
    assert fail(services, "user99") > 0


@pytest.mark.parametrize("login", ["SATO", "sato ", " Sato", "ｓａｔｏ"])
def test_spelling_does_not_get_around_the_count(services: Services, login: str) -> None:
    for _ in range(5):
        with pytest.raises(Invalid):
            enter(services, "sato", "wrong")
    with pytest.raises(TooMany):
        enter(services, login, "wrong")


def test_all_processes_share_one_count(services: Services) -> None:
    """Forty tries at once from as many connections: five are looked at."""
    looked_at: list[int] = []
    gate = threading.Barrier(20)

    def try_twice() -> None:
        gate.wait()
        for _ in range(2):
            looked_at.append(fail(services))

    threads = [threading.Thread(target=try_twice) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert looked_at.count(0) == 5


def test_what_was_typed_as_a_name_is_not_kept(services: Services) -> None:
    fail(services, "my secret password")
    with db.reading(services.engine) as connection:
        assert "secret" not in str(connection.execute(sa.select(LoginAttempt.__table__)).all())


# --- the first start -------------------------------------------------------------------------------


def test_of_many_at_the_first_start_one_becomes_the_administrator(services: Services) -> None:
    outcomes: list[str] = []
    gate = threading.Barrier(4)

    def claim(name: str) -> None:
        gate.wait()
        try:
            data = UserData(login=name, name=name, administrator=True)
            first.administrator(services.engine, services.settings, data, PASSWORD)
        except Conflict:
            outcomes.append("late")
        else:
            outcomes.append("made")

    threads = [threading.Thread(target=claim, args=(f"admin{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["late", "late", "late", "made"]
    with db.reading(services.engine) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM users")) == 1


def test_the_code_of_the_first_start_is_kept_privately_until_it_is_used(services: Services) -> None:
    code = first.setup_code(services.settings)
    assert first.setup_code(services.settings) == code
    path = services.settings.data_dir / "setup-code.txt"
    assert path.stat().st_mode & 0o777 == 0o600
    first.forget_code(services.settings)
    assert not path.exists()
    assert first.setup_code(services.settings) != code


def test_a_day_of_expiry_is_a_day_of_the_installation(services: Services) -> None:
    # 2026-11-24 16:00 UTC is the 25th in Tokyo.
    later = replace(services, settings=replace(services.settings, frozen_now=NOW.replace(hour=16)))
    add(services, "late", expires_on=date(2026, 11, 24))
    enter(services, "late")
    with pytest.raises(Invalid):
        enter(later, "late")
