"""What ``disclose`` does: a derived value is hidden with its sources unless its author shows it."""

from __future__ import annotations

import pytest

from lowcode.access.compiled import Compiled, FieldRule
from lowcode.access.masks import Masks, masks
from lowcode.access.outcomes import NO
from lowcode.definition.schema import AppDefinition
from tests.builders import an_app

ROLLUP = {"relatedApp": {"app": "", "code": "children"}, "keyField": "key", "relatedField": "key", "function": "COUNT"}


def hiding(definition: AppDefinition, *codes: str, elsewhere: bool = True) -> Masks:
    """The masks of somebody who may not see some fields."""
    rights = Compiled(frozenset({"view"}), (), {code: FieldRule(NO, NO) for code in codes})
    return masks(definition, rights, lambda _: elsewhere)


@pytest.mark.parametrize("disclose", [False, True])
def test_disclose_shows_a_calculated_value_without_its_sources(disclose: bool) -> None:
    app = (
        an_app()
        .number("secret")
        .formula("twice", "secret * 2", disclose=disclose)
        .formula("four", "twice * 2")
        .text("words", expression="secret & '点'".replace("'", '"'), disclose=disclose)
        .number("other")
        .definition()
    )
    assert {"twice", "four", "words"} <= hiding(app).readable
    seen = hiding(app, "secret").readable & {"secret", "twice", "four", "words", "other"}
    assert seen == ({"twice", "four", "words", "other"} if disclose else {"other"})


@pytest.mark.parametrize("disclose", [False, True])
def test_disclose_shows_a_roll_up_without_its_records(disclose: bool) -> None:
    app = an_app().text("key").field("ROLLUP", "count", rollup=ROLLUP, format="NUMBER", disclose=disclose).definition()
    assert "count" in hiding(app).readable
    assert ("count" in hiding(app, elsewhere=False).readable) is disclose
    assert ("count" in hiding(app, "key").readable) is disclose
