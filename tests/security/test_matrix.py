"""Every route for seven kinds of principal: the answers stand in ``matrix.toml``, which people review.

A route without a line there fails. Whatever is answered, a hidden field's value, a hidden record and a deleted one of
another ward never appear in it; and who may not know an app or a record gets the same answer as for a missing one.

``MATRIX_WRITE=1`` writes the table anew, for review.
"""

from __future__ import annotations

import os
import re
import tomllib
import typing as t
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.security import matrix_town as town
from tests.security.matrix_town import Answer, Matrix

TABLE = Path(__file__).with_name("matrix.toml")
FORMS: t.Final[dict[str, list[tuple[str, str]]]] = {
    "runtime.new_record": [("no", "77"), ("name", "新しい人"), ("ward", "東")],
    "runtime.edit_record": [("name", "直した人"), ("revision", "2")],
    "runtime.calculate": [("name", "x"), ("dose", "7")],
    "runtime.bulk": [("do", "delete"), ("ids", "99")],
    "runtime.restore": [("ids", "99")],
    "runtime.take_action": [("action", "済にする")],
    "runtime.copy_again": [("field", "clinic")],
    "runtime.export": [("columns", "no"), ("columns", "name"), ("format", "csv")],
    "pages.favourite": [("on", "1")],
}
"""What is posted to a route, where an empty form says nothing."""
BODIES: t.Final[dict[tuple[str, str], t.Any]] = {
    ("POST", "api_v1.save_records"): {"records": [{"values": {"no": "88", "name": "追加", "ward": "東"}}]},
    ("PATCH", "api_v1.save_records"): {"records": [{"id": town.SHOWN, "values": {"name": "変更"}}]},
}
ENDS_SESSION = ("pages.logout", "pages.end_sessions", "pages.password", "pages.account")
SECRETS: t.Final[dict[str, tuple[str, ...]]] = {
    "nobody": (town.FIELD_SECRET, town.ROW_SECRET, town.GONE_SECRET, town.APP_SECRET, "4321", "8642"),
    "stranger": (town.FIELD_SECRET, town.ROW_SECRET, town.GONE_SECRET, town.APP_SECRET, "4321", "8642"),
    "masked": (town.FIELD_SECRET, "4321", "8642"),
    "ward": (town.ROW_SECRET, town.GONE_SECRET),
}
"""What a principal may never be told, by any route."""


def expected() -> dict[str, dict[str, int]]:
    return t.cast("dict[str, dict[str, int]]", tomllib.loads(TABLE.read_text("utf-8"))) if TABLE.exists() else {}


def asked(matrix: Matrix, method: str, rule: t.Any, **place: t.Any) -> Answer:
    """One call of a route with what it needs."""
    matrix.call("GET", "/help")  # what the last call left to be shown on the next page
    path = matrix.path(rule, **place)
    if rule.endpoint == "api_v1.delete_records":
        path += f"?ids={place.get('record', town.MISSING)}"
    if rule.endpoint == "api_v1.aggregate":
        path += "?group=ward&measure=count"
    return matrix.call(method, path, FORMS.get(rule.endpoint, ()), BODIES.get((method, rule.endpoint)))


@pytest.fixture(params=town.PRINCIPALS)
def matrix(request: pytest.FixtureRequest, engine: sa.Engine, tmp_path: Path) -> Matrix:
    return Matrix(engine, tmp_path, request.param)


def test_each_route_answers_as_the_table_says(matrix: Matrix) -> None:
    table, found = expected(), {}
    told: list[str] = []
    for method, rule in matrix.rules():
        if rule.endpoint in ENDS_SESSION and method == "POST":
            continue
        answer = asked(matrix, method, rule)
        found[f"{method} {rule.rule}"] = answer.status
        told += [f"{method} {rule.rule}: {s}" for s in SECRETS.get(matrix.principal, ()) if s in answer.text]
    assert told == []
    if os.environ.get("MATRIX_WRITE"):
        write(matrix.principal, found)
        return
    wrong = {
        route: (status, table.get(route, {}).get(matrix.principal, "has no line in matrix.toml"))
        for route, status in found.items()
        if table.get(route, {}).get(matrix.principal) != status
    }
    assert wrong == {}
    assert set(table) == set(found), "lines for routes that are gone"


def write(principal: str, found: dict[str, int]) -> None:
    table = expected()
    for route, status in found.items():
        table.setdefault(route, {})[principal] = status
    lines = ["# Expected status by route and principal; see test_matrix.py. 302 leads to the log-in page.", ""]
    for route in sorted(table, key=lambda r: (r.split()[1], r.split()[0])):
        cells = ", ".join(f"{p} = {table[route][p]}" for p in town.PRINCIPALS if p in table[route])
        lines.append(f'"{route}" = {{ {cells} }}')
    TABLE.write_text("\n".join(lines) + "\n", "utf-8")


VARIES = re.compile(r'(?<=csrf_token" value=")[^"]+|(?<=once" value=")[^"]+|[0-9a-f]{16,}|[0-9]+')


def same(text: str) -> str:
    """An answer without what differs between any two calls."""
    return VARIES.sub("#", text.replace("nowhere", "ledger"))


@pytest.mark.parametrize("principal", ["stranger", "ward"])
def test_what_may_not_be_known_answers_like_what_is_missing(engine: sa.Engine, tmp_path: Path, principal: str) -> None:
    matrix = Matrix(engine, tmp_path, principal)
    differ = []
    for method, rule in matrix.rules():
        if principal == "stranger" and ("app" in rule.arguments or rule.endpoint.endswith("by_code")):
            hidden = asked(matrix, method, rule)
            missing = asked(matrix, method, rule, ledger=town.MISSING)
        elif principal == "ward" and "record_id" in rule.arguments:
            hidden = asked(matrix, method, rule, record=town.HIDDEN)
            missing = asked(matrix, method, rule, record=town.MISSING)
        else:
            continue
        if (hidden.status, same(hidden.text)) != (missing.status, same(missing.text)):
            differ.append(f"{method} {rule.rule}: {hidden.status} {missing.status}")
    assert differ == []


QUESTIONS = (
    "/k/{app}/?q={word}",
    "/search?q={word}",
    "/search?q={word}&fuzzy=1",
    "/k/{app}/?q={word}&fuzzy=1",
    "/api/v1/apps/{app}/search?q={word}&fuzzy=true",
    "/api/v1/apps/{app}/search?q=1&query={code}%20like%20%22{word}%22",
    "/api/v1/apps/{app}/search?q=1&fields=no,{code}",
    "/k/{app}/?f.{code}.eq={word}",
    "/k/{app}/?f.{code}.notempty=1",
    "/k/{app}/?sort={code}",
    "/k/{app}/?cols=no,{code}",
    "/k/{app}/?view=病名あり",
    "/k/{app}/new?v.{code}={word}",
    "/api/v1/apps/{app}/records?query={code}%20like%20%22{word}%22",
    "/api/v1/apps/{app}/records?query=order%20by%20{code}%20asc",
    "/api/v1/apps/{app}/records?fields=no,{code}",
    "/api/v1/apps/{app}/records.csv?fields=no,{code}",
    "/api/v1/apps/{app}/aggregate?group={code}",
    "/api/v1/apps/{app}/aggregate?group=ward&measure=max:{code}",
)


def test_a_hidden_field_is_asked_for_like_one_that_does_not_exist(engine: sa.Engine, tmp_path: Path) -> None:
    matrix = Matrix(engine, tmp_path, "masked")

    def answer(question: str, code: str) -> tuple[int, str]:
        word = town.FIELD_SECRET
        got = matrix.call("GET", question.format(app=matrix.ledger, code=code, word=word))
        # The words that were asked for come back in the page's own boxes.
        return got.status, same(got.text.replace(code, "CODE").replace(word, ""))

    for question in QUESTIONS:
        for code in ("secret", "echo"):
            assert answer(question, code) == answer(question, "nowhere"), (question, code)


def test_saving_into_a_hidden_field_tells_nothing_and_changes_nothing(engine: sa.Engine, tmp_path: Path) -> None:
    matrix = Matrix(engine, tmp_path, "masked")
    path = f"/api/v1/apps/{matrix.ledger}/records"
    answers = {}
    for code in ("secret", "dose", "nowhere"):
        body = {"records": [{"id": town.SHOWN, "revision": 1, "values": {code: "1"}}]}
        got = matrix.call("PATCH", path, json=body)
        assert town.FIELD_SECRET not in got.text
        answers[code] = (got.status, same(got.text.replace(code, "CODE")))
    assert answers["secret"] == answers["dose"] == answers["nowhere"]
    matrix.call(
        "POST", f"/k/{matrix.ledger}/edit/{town.SHOWN}", [("secret", "x"), ("name", "直した人"), ("revision", "1")]
    )
    with matrix.services.reading(matrix.services.system("test")) as space:
        values = space.reader("ledger").get(town.SHOWN).values
    assert (values["secret"], values["name"]) == (f"{town.FIELD_SECRET}２", "直した人")
