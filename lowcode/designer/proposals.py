"""Which type a label suggests, which code, and the families in which types are offered."""

from __future__ import annotations

import re
import typing as t
import unicodedata

from lowcode.transfer.inference import field_code

Json = dict[str, t.Any]

FAMILIES: t.Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "input",
        (
            "SINGLE_LINE_TEXT",
            "MULTI_LINE_TEXT",
            "RICH_TEXT",
            "NUMBER",
            "CALC",
            "DATE",
            "TIME",
            "DATETIME",
            "LINK",
            "FILE",
            "SERIAL",
        ),
    ),
    (
        "choose",
        (
            "DROP_DOWN",
            "RADIO_BUTTON",
            "CHECK_BOX",
            "MULTI_SELECT",
            "USER_SELECT",
            "ORGANIZATION_SELECT",
            "GROUP_SELECT",
        ),
    ),
    ("link", ("LOOKUP:SINGLE_LINE_TEXT", "LOOKUP:NUMBER", "LOOKUP:LINK", "ROLLUP", "REFERENCE_TABLE", "TOKEN")),
    ("shape", ("SUBTABLE", "GROUP", "LABEL", "HR", "SPACER")),
)
OFFERED: t.Final = frozenset(kind for _, kinds in FAMILIES for kind in kinds)
NOT_IN_TABLE: t.Final = frozenset(
    {"SUBTABLE", "GROUP", "LABEL", "HR", "SPACER", "REFERENCE_TABLE", "SERIAL", "ROLLUP", "TOKEN"}
)
# The first that fits wins; the words are those that stand on the paper forms of a health centre.
_BY_LABEL: t.Final[tuple[tuple[re.Pattern[str], str, Json], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind, settings)
    for pattern, kind, settings in (
        (r"日時|date ?time", "DATETIME", {}),
        (r"時刻|時間$|^time", "TIME", {}),
        (r"電話|携帯|tel|phone|fax", "LINK", {"protocol": "CALL"}),
        (r"メール|e-?mail", "LINK", {"protocol": "MAIL"}),
        (r"url|ホームページ|サイト", "LINK", {"protocol": "WEB"}),
        (r"担当|記入者|調査者|staff|assignee", "USER_SELECT", {}),
        (r"所属|部署|department", "ORGANIZATION_SELECT", {}),
        (r"体温|temperature", "NUMBER", {"unit": "℃", "unitPosition": "AFTER", "displayScale": "1"}),
        (r"spo2|酸素", "NUMBER", {"unit": "%", "unitPosition": "AFTER"}),
        (r"備考|メモ|経過|内容|理由|詳細|所見|note|remark|comment", "MULTI_LINE_TEXT", {}),
        (r"日$|年月日|日付|date|期限|birthday", "DATE", {}),
        (r"性別|区分|種別|種類|状態|結果|有無", "DROP_DOWN", {}),
        (r"数$|人数|件数|回数|年齢|金額|率$|量$|count|age$|amount|number of", "NUMBER", {}),
        (r"添付|写真|画像|ファイル|file|photo", "FILE", {}),
        (r"症状|持病|既往|symptom", "CHECK_BOX", {}),
    )
)


def by_label(label: str) -> tuple[str, Json]:
    """The type that a label suggests, and settings that go with it."""
    plain = unicodedata.normalize("NFKC", label).strip()
    for pattern, kind, settings in _BY_LABEL:
        if pattern.search(plain):
            return kind, dict(settings)
    return "SINGLE_LINE_TEXT", {}


def code_for(label: str, taken: set[str]) -> str:
    """A free field code for a label."""
    return field_code(label, taken)


def app_code_for(name: str) -> str:
    """A code for an app from its name: Latin letters and digits; empty when nothing is left of it."""
    plain = unicodedata.normalize("NFKC", name).lower()
    made = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:60]
    return made if made[:1].isalpha() else ""
