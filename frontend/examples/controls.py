"""Form controls as lowcode.fields writes them, without a database."""

from __future__ import annotations

import types
import typing as t

from markupsafe import Markup


class Bound:
    """Looks like a bound form field of the product, so that the gallery needs no database."""

    def __init__(
        self,
        number: int,
        label: str,
        value: str = "",
        *,
        kind: str = "text",
        type_name: str = "",
        required: bool = False,
        errors: t.Sequence[str] = (),
        changed: bool = False,
        choices: t.Sequence[str] = (),
        unit: str = "",
    ) -> None:
        self.id = self.name = f"f{number}"
        self.label = types.SimpleNamespace(text=label)
        self.description, self.errors, self.changed = "", list(errors), changed
        self.field = types.SimpleNamespace(
            code=label, no_label=False, is_required=lambda: required, unit=unit, type_name=type_name
        )
        self.value, self.choices, self.kind = value, choices, kind
        self.widget = types.SimpleNamespace(kind=kind) if kind in ("radio", "subtable") else types.SimpleNamespace()

    def __call__(self, **attributes: t.Any) -> Markup:
        return CONTROLS[self.kind](self)


def _described(bound: Bound) -> Markup:
    return Markup(' aria-describedby="{}-errors" aria-invalid="true"').format(bound.id) if bound.errors else Markup("")


def _text(bound: Bound) -> Markup:
    return Markup('<input class="input" type="text" id="{0}" name="{0}" value="{1}"{2}>').format(
        bound.id, bound.value, _described(bound)
    )


def _radio(bound: Bound) -> Markup:
    boxes = Markup("").join(
        Markup('<label class="radio"><input type="radio" name="{}" value="{}"{}> <span>{}</span></label>').format(
            bound.name, word, Markup(" checked") if word == bound.value else "", word
        )
        for word in bound.choices
    )
    return Markup('<div class="choices" role="radiogroup" id="{}" aria-label="{}">{}</div>').format(
        bound.id, bound.label.text, boxes
    )


def _select(bound: Bound) -> Markup:
    options = Markup("").join(
        Markup("<option{}>{}</option>").format(Markup(" selected") if word == bound.value else "", word)
        for word in bound.choices
    )
    return Markup('<select class="select" id="{0}" name="{0}" aria-label="{1}"{2}>{3}</select>').format(
        bound.id, bound.label.text, _described(bound), options
    )


def _combo(bound: Bound) -> Markup:
    return Markup(
        '<lc-combobox data-url="/options.json?q=" data-text-hits="{{count}}件" data-text-choose="選ぶ" '
        'data-text-enter="決定" data-new-url="#" data-new-label="新しく登録">{}</lc-combobox>'
    ).format(_text(bound))


FAMILY = (
    ("山田 太一", "配偶者", "82", "なし", "検査待ち", ""),
    ("山田 みのり", "選択してください", "51", "咳", "平日は不在", "続柄を選んでください"),
)
RELATIONS = ("選択してください", "配偶者", "子", "親")


def _subtable(bound: Bound) -> Markup:
    """The markup of lowcode.fields.form_widgets.SubtableInput."""
    labels = ("氏名", "続柄", "年齢", "症状", "備考")

    def row(number: int | str, name: str, relation: str, age: str, sign: str, note: str, error: str) -> Markup:
        base = 100 if number == "__n__" else 110 + 10 * int(number)
        cells = (
            Bound(base, "氏名", name),
            Bound(base + 1, "続柄", relation, kind="select", choices=RELATIONS, errors=[error] if error else ()),
            Bound(base + 2, "年齢", age),
            Bound(base + 3, "症状", sign, kind="select", choices=("なし", "咳", "発熱")),
            Bound(base + 4, "備考", note),
        )
        shown = Markup("").join(
            Markup('<td><label class="sub-label" for="{}">{}</label>{}{}</td>').format(
                cell.id,
                label,
                cell(),
                Markup('<div id="{}-errors"><p class="field-error"><span>{}</span></p></div>').format(cell.id, error)
                if cell.errors
                else "",
            )
            for label, cell in zip(labels, cells, strict=True)
        )
        return Markup(
            '<tr data-row="{0}"><td class="cell-handle"><input type="hidden" name="f90-{0}:id"><input type="text" '
            'class="input input-place" name="f90-{0}:place" value="" aria-label="順番"></td>{1}<td class="cell-tools">'
            '<label class="check"><input type="checkbox" name="f90-{0}:delete" aria-label="削除"> '
            '<span class="sub-label">削除</span></label></td></tr>'
        ).format(number, shown)

    return Markup(
        '<lc-subtable class="subtable-editor" data-name="f90"><div class="subtable" role="region" tabindex="0" '
        'aria-label="同居家族" id="f90"><table><thead><tr><th scope="col" class="cell-handle">順</th>{}'
        '<th scope="col">削除</th></tr></thead><tbody>{}</tbody></table></div><template><table><tbody>{}</tbody>'
        "</table></template>"
        '<div class="subtable-foot"><button class="button button-small button-link" type="submit" name="_add_row" '
        'value="f90" formnovalidate>行を追加</button></div></lc-subtable>'
    ).format(
        Markup("").join(Markup('<th scope="col">{}</th>').format(label) for label in labels),
        Markup("").join(row(number, *line) for number, line in enumerate(FAMILY)),
        row("__n__", "", RELATIONS[0], "", "なし", "", ""),
    )


CONTROLS: dict[str, t.Callable[[Bound], Markup]] = {
    "text": _text,
    "radio": _radio,
    "select": _select,
    "combo": _combo,
    "subtable": _subtable,
}
