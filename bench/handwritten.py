"""The hand-written application: Flask, SQLAlchemy Core, one hand-made table, orjson; no rights, checks or history.

Same columns, same indexes, same answer shape and the same durability as ours, so that a ratio says
what the platform costs.
"""

from __future__ import annotations

import csv
import io
import typing as t
from collections.abc import Iterator
from pathlib import Path

import flask
import orjson
import sqlalchemy as sa

from bench import ledger
from lowcode.db import make_engine, reading, writing

NUMERIC = frozenset(ledger.NUMBERS)
TABLE = sa.Table(
    "ledger",
    sa.MetaData(),
    sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
    sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
    *[sa.Column(code, sa.BigInteger() if code in NUMERIC else sa.Text()) for code in ledger.COLUMNS],
    sqlite_autoincrement=True,
)
for _code in ledger.INDEXED:
    sa.Index(f"ix_ledger_{_code}", TABLE.c[_code], TABLE.c.id)
sa.Index("uq_ledger_number", TABLE.c.number, unique=True)
sa.Index("ix_ledger_ward_diagnosis", TABLE.c.ward, TABLE.c.diagnosis, TABLE.c.id)
LIST = [TABLE.c.id, TABLE.c.revision, *[TABLE.c[code] for code in ledger.COLUMNS]]
PAGE = """<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>台帳</title></head><body><h1>台帳</h1>
<p>{{ total }} 件</p><table><thead><tr>{% for code in columns %}<th>{{ code }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr>{% for code in columns %}<td>
{%- if code == 'name' %}<a href="/show/{{ row.id }}">{{ row[code] }}</a>
{%- else %}{{ row[code] if row[code] is not none else '—' }}{% endif -%}
</td>{% endfor %}</tr>
{% endfor %}</tbody></table></body></html>"""


def stored(row: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """JSON values as the table keeps them: numbers as integers in thousandths."""
    return {
        code: round(float(value) * 1000) if code in NUMERIC and value is not None else value
        for code, value in row.items()
    }


def shown(row: t.Any) -> dict[str, t.Any]:
    """One row as the API answers it."""
    values: dict[str, t.Any] = {}
    for code, value in zip(ledger.COLUMNS, row[2:], strict=True):
        if code in NUMERIC and value is not None:
            whole, rest = divmod(value, 1000)
            values[code] = str(whole) if not rest else f"{value / 1000:g}"
        else:
            values[code] = value
    return {"id": row[0], "revision": row[1], "values": values}


def create_app(url: str) -> flask.Flask:
    """The application on the database ``url``."""
    engine = make_engine(url)
    with writing(engine) as connection:
        TABLE.metadata.create_all(connection)
    app = flask.Flask("handwritten")
    app.extensions["database"] = engine
    template = app.jinja_env.from_string(PAGE)

    def answer(data: t.Any, status: int = 200) -> flask.Response:
        return flask.Response(orjson.dumps(data), status=status, mimetype="application/json")

    @app.get("/records/<int:record_id>")
    def get(record_id: int) -> flask.Response:
        with reading(engine) as connection:
            row = connection.execute(sa.select(*LIST).where(TABLE.c.id == record_id)).first()
        return answer(shown(row)) if row is not None else answer({"error": "not found"}, 404)

    def page_of(statement: sa.Select[t.Any]) -> flask.Response:
        with reading(engine) as connection:
            found = connection.execute(statement).all()
        return answer({"records": [shown(row) for row in found], "total": None})

    @app.get("/newest")
    def newest() -> flask.Response:
        offset = int(flask.request.args.get("offset", "0"))
        return page_of(sa.select(*LIST).order_by(TABLE.c.id.desc()).limit(100).offset(offset))

    @app.get("/filtered")
    def filtered() -> flask.Response:
        args = flask.request.args
        return page_of(
            sa.select(*LIST)
            .where(TABLE.c.ward == args["ward"], TABLE.c.status.in_(args.getlist("status")))
            .order_by(TABLE.c.diagnosis.desc(), TABLE.c.id.desc())
            .limit(100)
        )

    @app.get("/phone")
    def phone() -> flask.Response:
        return page_of(
            sa.select(*LIST).where(TABLE.c.tel == flask.request.args["tel"]).order_by(TABLE.c.id.desc()).limit(100)
        )

    @app.get("/named")
    def named() -> flask.Response:
        words = flask.request.args["q"]
        return page_of(
            sa.select(*LIST)
            .where(sa.or_(TABLE.c.name.contains(words), TABLE.c.kana.contains(words)))
            .order_by(TABLE.c.id.desc())
            .limit(100)
        )

    @app.post("/records")
    def create() -> flask.Response:
        given = orjson.loads(flask.request.get_data())["records"]
        with writing(engine) as connection:
            made = (
                [
                    (connection.execute(sa.insert(TABLE).values(**stored(g["values"]))).inserted_primary_key or (0,))[0]
                    for g in given
                ]
                if len(given) == 1
                else []
            )
            if len(given) > 1:
                connection.execute(sa.insert(TABLE), [stored(g["values"]) for g in given])
        return answer({"records": [{"id": i, "revision": 1} for i in made]}, 201)

    @app.patch("/records")
    def update() -> flask.Response:
        (given,) = orjson.loads(flask.request.get_data())["records"]
        with writing(engine) as connection:
            connection.execute(
                sa.update(TABLE)
                .where(TABLE.c.id == given["id"])
                .values(revision=TABLE.c.revision + 1, **stored(given["values"]))
            )
            revision = connection.scalar(sa.select(TABLE.c.revision).where(TABLE.c.id == given["id"]))
        return answer({"records": [{"id": given["id"], "revision": revision}]})

    @app.get("/count")
    def count() -> flask.Response:
        args = flask.request.args
        with reading(engine) as connection:
            found = connection.scalar(
                sa.select(sa.func.count())
                .select_from(TABLE)
                .where(TABLE.c.ward == args["ward"], TABLE.c.status.in_(args.getlist("status")))
            )
        return answer({"groups": [{"group": {}, "measures": [found]}]})

    @app.get("/cross")
    def cross() -> flask.Response:
        with reading(engine) as connection:
            found = connection.execute(
                sa.select(TABLE.c.ward, TABLE.c.status, sa.func.count())
                .group_by(TABLE.c.ward, TABLE.c.status)
                .order_by(TABLE.c.ward, TABLE.c.status)
            ).all()
        return answer(
            {"groups": [{"group": {"ward": row[0], "status": row[1]}, "measures": [row[2]]} for row in found]}
        )

    @app.get("/records.csv")
    def export() -> flask.Response:
        most = int(flask.request.args["most"])

        def pieces() -> Iterator[str]:
            text = io.StringIO()
            writer = csv.writer(text)
            writer.writerow(["id", "revision", *ledger.COLUMNS])
            # Short transactions, as ours: a long one would keep the database from tidying up.
            for begin in range(0, most, 1_000):
                page = TABLE.c.id.between(begin + 1, min(begin + 1_000, most))
                with reading(engine) as connection:
                    found = connection.execute(sa.select(*LIST).where(page).order_by(TABLE.c.id)).all()
                for row in found:
                    one = shown(row)
                    writer.writerow([one["id"], one["revision"], *one["values"].values()])
                yield text.getvalue()
                text.seek(0)
                text.truncate()

        return flask.Response(pieces(), mimetype="text/csv")

    @app.get("/list")
    def html() -> str:
        args = flask.request.args
        wanted = [TABLE.c.ward == args["ward"], TABLE.c.status.in_(args.getlist("status"))] if "ward" in args else []
        order = [TABLE.c.diagnosis.desc(), TABLE.c.id.desc()] if wanted else [TABLE.c.id.desc()]
        with reading(engine) as connection:
            found = connection.execute(sa.select(*LIST).where(*wanted).order_by(*order).limit(50)).mappings().all()
            total = connection.scalar(
                sa.select(sa.func.count()).select_from(
                    sa.select(sa.literal(1)).select_from(TABLE).where(*wanted).limit(10_001).subquery()
                )
            )
        return template.render(rows=found, columns=ledger.VIEW, total=total)

    return app


def load(url: str, start: int, count: int) -> None:
    """Fill the table straight from the generator."""
    engine = make_engine(url)
    with writing(engine) as connection:
        TABLE.metadata.create_all(connection)
    for begin in range(start, start + count, 5_000):
        with writing(engine) as connection:
            connection.execute(
                sa.insert(TABLE), [stored(row) for row in ledger.rows(begin, min(5_000, start + count - begin))]
            )
    with writing(engine) as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def import_csv(url: str, path: Path) -> int:
    """The hand-written loader: read a CSV, convert, look the keys up, insert or update; 1,000 rows a transaction."""
    engine = make_engine(url)
    count = 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        batch: list[dict[str, t.Any]] = []

        def flush() -> None:
            nonlocal count
            with writing(engine) as connection:
                known = dict(
                    connection.execute(
                        sa.select(TABLE.c.number, TABLE.c.id).where(TABLE.c.number.in_([b["number"] for b in batch]))
                    ).all()
                )
                fresh = [b for b in batch if b["number"] not in known]
                if fresh:
                    connection.execute(sa.insert(TABLE), fresh)
                old = [{"_id": known[b["number"]], **b} for b in batch if b["number"] in known]
                if old:
                    connection.execute(
                        sa.update(TABLE)
                        .where(TABLE.c.id == sa.bindparam("_id"))
                        .values({c: sa.bindparam(c) for c in ledger.COLUMNS}),
                        old,
                    )
            count += len(batch)
            batch.clear()

        for line in csv.DictReader(file):
            batch.append(stored({code: value or None for code, value in line.items()}))
            if len(batch) == 1_000:
                flush()
        if batch:
            flush()
    engine.dispose()
    return count
