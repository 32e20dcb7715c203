"""The hand-written application for people: log-in, forms with a token, observations beside the cases, totals.

Like :mod:`bench.handwritten` it does what the screens need and nothing more: no rights, checks, history or log.
"""

from __future__ import annotations

import secrets
import typing as t

import flask
import sqlalchemy as sa
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response

from bench import handwritten, ledger, observations
from lowcode.db import make_engine, reading, writing

CASES = handwritten.TABLE
WATCHED = sa.Table(
    "observation",
    CASES.metadata,
    sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
    *[sa.Column(code, sa.Text()) for code in (*observations.COLUMNS, *observations.COPIED)],
    sqlite_autoincrement=True,
)
for _code in (observations.CASE, "ward", "overall"):
    sa.Index(f"ix_observation_{_code}", WATCHED.c[_code], WATCHED.c.id)
sa.Index("uq_observation_marker", WATCHED.c.marker, unique=True)
PEOPLE = sa.Table(
    "people",
    CASES.metadata,
    sa.Column("login", sa.Text(), primary_key=True),
    sa.Column("hash", sa.Text(), nullable=False),
)
FORM = """<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>{{ title }}</title></head><body>
<h1>{{ title }}</h1><form id="edit" method="post" enctype="{{ enctype }}">
<input type="hidden" name="csrf_token" value="{{ token }}">
{% for code in columns %}<label>{{ code }} {% if code in choices %}<select name="{{ code }}">
{%- for option in choices[code] %}<option>{{ option }}</option>{% endfor %}</select>
{%- else %}<input name="{{ code }}">{% endif %}</label>
{% endfor %}<button>保存</button></form></body></html>"""
SHOWN = """<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>表示</title></head><body><dl>
{% for code, value in row.items() %}<dt>{{ code }}</dt><dd>{{ value if value is not none else '—' }}</dd>
{% endfor %}</dl></body></html>"""


def prepare(url: str, logins: t.Sequence[str], password: str) -> None:
    """The tables, and people who may log in."""
    engine = make_engine(url)
    stored = generate_password_hash(password)
    with writing(engine) as connection:
        CASES.metadata.create_all(connection)
        connection.execute(sa.insert(PEOPLE), [{"login": login, "hash": stored} for login in logins])
    engine.dispose()


def count(url: str) -> tuple[int, int]:
    """How many cases and observations there are."""
    engine = make_engine(url)
    with reading(engine) as connection:
        found = [connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in (CASES, WATCHED)]
    engine.dispose()
    return found[0], found[1]


def create_app(url: str) -> flask.Flask:
    """The application on the database ``url``, with the pages of :mod:`bench.handwritten`."""
    app = handwritten.create_app(url)
    app.secret_key = "the same in every worker of a run on loopback"
    engine: sa.Engine = app.extensions["database"]
    form, page, listed = (app.jinja_env.from_string(text) for text in (FORM, SHOWN, handwritten.PAGE))

    def token() -> str:
        if "csrf" not in flask.session:
            flask.session["csrf"] = secrets.token_urlsafe(24)
        return str(flask.session["csrf"])

    @app.before_request
    def guard() -> Response | None:
        request = flask.request
        if request.method == "POST" and request.form.get("csrf_token") != flask.session.get("csrf"):
            flask.abort(403)
        if request.path != "/login" and "login" not in flask.session:
            return flask.redirect("/login")
        return None

    def drawn(title: str, columns: t.Iterable[str], enctype: str, choices: t.Mapping[str, t.Sequence[str]]) -> str:
        return form.render(title=title, columns=columns, enctype=enctype, choices=choices, token=token())

    @app.route("/login", methods=["GET", "POST"])
    def log_in() -> str | Response:
        given = flask.request.form
        if flask.request.method == "GET":
            return drawn("ログイン", ("login", "password"), "application/x-www-form-urlencoded", {})
        with reading(engine) as connection:
            stored = connection.scalar(sa.select(PEOPLE.c.hash).where(PEOPLE.c.login == given["login"]))
        if stored is None or not check_password_hash(stored, given["password"]):
            flask.abort(401)
        flask.session["login"] = given["login"]
        return flask.redirect("/list", 303)

    @app.route("/cases/new", methods=["GET", "POST"])
    def new_case() -> str | Response:
        given = flask.request.form
        if flask.request.method == "GET":
            return drawn("台帳", ledger.COLUMNS, "multipart/form-data", ledger.CHOICES)
        values = handwritten.stored({code: given.get(code) or None for code in ledger.COLUMNS})
        return flask.redirect(f"/cases/show/{_insert(CASES, values)}", 303)

    @app.route("/observations/new", methods=["GET", "POST"])
    def new_observation() -> str | Response:
        given = flask.request.form
        if flask.request.method == "GET":
            choices = {"overall": observations.OVERALL, "symptoms": observations.SYMPTOMS}
            return drawn("健康観察", observations.COLUMNS, "multipart/form-data", choices)
        values = {code: "、".join(given.getlist(code)) or None for code in observations.COLUMNS}
        with reading(engine) as connection:
            wanted = [CASES.c[code] for code in observations.COPIED]
            case = connection.execute(
                sa.select(*wanted).where(CASES.c.number == given[observations.CASE])
            ).one_or_none()
        if case is None:
            flask.abort(422)
        return flask.redirect(f"/observations/show/{_insert(WATCHED, {**values, **case._mapping})}", 303)

    def _insert(table: sa.Table, values: t.Mapping[str, t.Any]) -> int:
        with writing(engine) as connection:
            (made,) = connection.execute(sa.insert(table).values(**values)).inserted_primary_key or (0,)
        return int(made)

    def _shown(table: sa.Table, record_id: int) -> str:
        with reading(engine) as connection:
            row = connection.execute(sa.select(table).where(table.c.id == record_id)).mappings().one()
        return page.render(row=row)

    @app.get("/observations")
    def list_observations() -> str:
        with reading(engine) as connection:
            found = connection.execute(sa.select(WATCHED).order_by(WATCHED.c.id.desc()).limit(50)).mappings().all()
            some = sa.select(sa.literal(1)).select_from(WATCHED).limit(10_001).subquery()
            total = connection.scalar(sa.select(sa.func.count()).select_from(some))
        columns = (*observations.COPIED, *(code for code in observations.COLUMNS if code != "words"))
        return listed.render(rows=found, columns=columns, total=total)

    @app.get("/cases/show/<int:record_id>")
    def show_case(record_id: int) -> str:
        return _shown(CASES, record_id)

    @app.get("/observations/show/<int:record_id>")
    def show_observation(record_id: int) -> str:
        return _shown(WATCHED, record_id)

    return app
