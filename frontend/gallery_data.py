"""Invented people and places for the gallery; the same that the design pictures show."""

from __future__ import annotations

import types
import typing as t

from markupsafe import Markup, escape

CHIPS = {"健康観察中": "blue", "調査中": "yellow", "入院": "red", "宿泊療養": "purple", "受付": "cyan"}
STAFF = {"佐藤": "blue", "田中": "green", "中村": "orange"}
PATIENTS = """
C-02841|山田 花子|ヤマダ ハナコ|78|女|健康観察中|高|!09:30 超過|11/21 16:05|37.8|佐藤|中央|11/18
C-02840|鈴木 一郎|スズキ イチロウ|54|男|健康観察中|中|11/22 10:00|11/21 10:12|36.9|佐藤|西|11/19
C-02839|高橋 美咲|タカハシ ミサキ|31|女|調査中|低|11/22 10:30||38.2|田中|北|11/20
C-02838|伊藤 健太|イトウ ケンタ|8|男|健康観察中|中|11/22 11:00|11/21 17:40|37.1|佐藤|中央|11/20
C-02837|渡辺 節子|ワタナベ セツコ|85|女|入院|高||11/20 09:15||中村|東|11/15
C-02836|小林 大輔|コバヤシ ダイスケ|42|男|宿泊療養|中|11/22 13:00|11/21 13:02|36.6|中村|西|11/19
C-02835|加藤 由美|カトウ ユミ|67|女|健康観察中|高|11/22 13:30|11/21 14:21|37.3|佐藤|中央|11/17
C-02834|グエン ヴァン アン|―（ベトナム語）|27|男|調査中|中|11/22 14:00||37.9|田中|南|11/20
C-02833|吉田 翔|ヨシダ ショウ|19|男|受付|低|11/22 14:30||||北|11/21
C-02832|山口 陽子|ヤマグチ ヨウコ|49|女|健康観察中|低|11/22 15:00|11/21 15:11|36.5|佐藤|東|11/16
C-02831|松本 修|マツモト オサム|73|男|入院|高||11/19 11:30||中村|中央|11/14
C-02830|井上 結衣|イノウエ ユイ|5|女|健康観察中|低|11/22 15:30|11/21 09:50|36.7|田中|西|11/18
C-02829|木村 浩|キムラ ヒロシ|60|男|宿泊療養|中|11/22 16:00|11/21 16:45|36.4|佐藤|南|11/13
C-02828|林 真理子|ハヤシ マリコ|38|女|受付|低|11/22 16:30||||北|11/20
""".strip().splitlines()


class Bound:
    """Looks like a bound form field of the product, so that the gallery needs no database."""

    def __init__(self, number: int, label: str, value: str = "", *, required: bool = False, errors: t.Sequence[str] = (),
                 changed: bool = False, choices: t.Sequence[str] = (), kind: str = "text", unit: str = "", hint: str = "") -> None:
        self.id = self.name = f"f{number}"
        self.label = types.SimpleNamespace(text=label)
        self.description, self.errors, self.changed = hint, list(errors), changed
        self.field = types.SimpleNamespace(code=label, no_label=False, is_required=lambda: required)
        self.value, self.choices, self.unit, self.kind = value, choices, unit, kind
        self.widget = types.SimpleNamespace(kind="radio") if kind == "radio" else types.SimpleNamespace()

    def __call__(self, **attributes: t.Any) -> Markup:
        described = Markup(' aria-describedby="{}-errors" aria-invalid="true"').format(self.id) if self.errors else Markup("")
        value = escape(self.value)
        if self.kind == "radio":
            boxes = Markup("").join(
                Markup('<label class="radio"><input type="radio" name="{}" value="{}"{}> <span>{}</span></label>').format(
                    self.name, word, Markup(" checked") if word == self.value else "", word) for word in self.choices)
            return Markup('<div class="choices" role="radiogroup" id="{}" aria-label="{}">{}</div>').format(self.id, self.label.text, boxes)
        if self.kind == "select":
            options = Markup("").join(
                Markup("<option{}>{}</option>").format(Markup(" selected") if word == self.value else "", word) for word in self.choices)
            return Markup('<select class="select" id="{}" name="{}"{}>{}</select>').format(self.id, self.name, described, options)
        box = Markup('<input class="input{}" id="{}" name="{}" value="{}"{}>').format(
            " num" if self.kind == "number" else "", self.id, self.name, value, described)
        if self.kind == "date":
            return Markup('<lc-date data-today="2026-11-22" data-text-wrong="日付として読み取れません" data-text-open="カレンダーを開く">{}</lc-date>').format(box)
        if self.kind == "combo":
            return Markup('<lc-combobox data-url="/options.json?q=" data-text-hits="{{count}}件" data-text-choose="選ぶ" data-text-enter="決定" '
                          'data-new-url="#" data-new-label="新しく登録">{}<input type="hidden" name="f99:value"></lc-combobox>').format(box)
        if self.unit:
            return Markup('<span class="input-box">{}<span class="input-unit">{}</span></span>').format(box, self.unit)
        return box


def frame(current_app: str = "感染症患者台帳") -> dict[str, t.Any]:
    """What every page of the product finds in its context."""
    def app(name: str, icon: str, hue: str) -> dict[str, t.Any]:
        return {"name": name, "icon": icon, "hue": hue, "url": "#", "current": name == current_app}

    return {
        "site_name": "あおば市保健所", "site_unit": "感染症対策課", "prefs": {},
        "me": {"name": "佐藤 美咲", "login": "sato", "initial": "佐", "role": "保健師", "hue": "blue"},
        "nav": {
            "current": "" if current_app else "home", "work_count": 4, "notice_count": 12, "can_create": True,
            "favourites": [app("感染症患者台帳", "stethoscope", "orange"), app("架電記録", "phone", "blue"),
                           app("接触者", "users", "green"), app("医療機関", "hospital", "purple")],
            "spaces": [
                {"name": "感染症対策", "open": True,
                 "apps": [app("予防接種の問合せ", "syringe", "cyan"), app("検体の搬送", "truck", "brown")]},
                {"name": "庶務・備品"}, {"name": "災害対応"},
            ],
        },
    }


def list_page(ui: t.Any, *, english: bool = False) -> dict[str, t.Any]:
    """The list of patients with three rows selected."""
    ja = not english
    rows = []
    for number, line in enumerate(PATIENTS):
        code, name, kana, age, sex, status, risk, due, last, temp, staff, area, onset = line.split("|")
        hot = bool(temp) and float(temp) >= 37.5
        rows.append({
            "id": number, "url": "#", "name": name, "sub": kana, "selected": number in (1, 3, 6), "call_url": "tel:07000001234",
            "card_note": f"{age}歳 {sex}",
            "cells": [
                code, name, Markup('{} <span class="quiet">{}</span>').format(age, sex), ui.chip(status, CHIPS[status]),
                ui.mark(risk, "red") if risk == "高" else Markup('<span class="quiet">{}</span>').format(risk),
                ui.overdue(due[1:] if ja else due[1:].replace("超過", "overdue")) if due.startswith("!") else due, last,
                Markup('<strong class="bad">{}</strong>').format(temp) if hot else temp,
                ui.person(staff, STAFF[staff]) if staff else Markup('<span class="quiet">{}</span>').format("未割当" if ja else "None"),
                area, onset,
            ],
        })
    heads = (["番号", "氏名", "年齢", "状態", "リスク", "次回連絡", "最終架電", "体温", "担当", "地区", "発症日"] if ja else
             ["No.", "Name", "Age", "Status", "Risk", "Next call", "Last call", "Temp.", "Assignee", "Area", "Onset"])
    columns: list[dict[str, t.Any]] = [{"label": head, "sort_url": "#"} for head in heads]
    columns[0]["kind"] = columns[6]["kind"] = columns[10]["kind"] = "date"
    columns[1]["primary"] = True
    columns[3]["phone"] = True
    columns[5] |= {"sorted": "ascending", "phone": True, "phone_icon": "clock"}
    columns[7] |= {"numeric": True, "phone": True, "phone_icon": "thermometer"}

    def tab(label: str, icon: str, **more: t.Any) -> dict[str, t.Any]:
        return {"label": label, "icon": icon, "url": "#", **more}

    return {
        "words": {
            "public_form": "公開フォーム", "app_settings": "アプリの設定", "add": "レコードを追加", "add_short": "追加", "views": "一覧", "add_view": "一覧を追加",
            "search_list": "この一覧を検索", "search_hint": "氏名・カナ・電話・番号", "filter": "条件", "sort": "次回連絡 ↑", "columns": "列",
            "edit_table": "表で編集", "more": "そのほか",
        } if ja else {
            "public_form": "Public form", "app_settings": "App settings", "add": "Add record", "add_short": "Add", "views": "Views", "add_view": "Add view",
            "search_list": "Search this list", "search_hint": "Name, kana, phone, ID", "filter": "Filter", "sort": "Next call ↑", "columns": "Columns",
            "edit_table": "Edit as table", "more": "More",
        },
        "crumbs": [{"label": "感染症対策" if ja else "Infectious disease", "url": "#"}, {"label": "アプリ" if ja else "Apps"}],
        "view_tabs": [tab("すべて" if ja else "All", "list"), tab("本日の架電" if ja else "Calls today", "list", count=38, current=True),
                      tab("要フォロー" if ja else "Follow-up", "list", count=7), tab("状態ボード" if ja else "Board", "square-kanban"),
                      tab("カレンダー" if ja else "Calendar", "calendar-days"), tab("発症日別" if ja else "By onset", "chart-column"),
                      tab("地区×状態" if ja else "Area × status", "table-2")],
        "chips": [
            {"field": "状態" if ja else "Status", "words": "が 受付・調査中 ほか3" if ja else "is any of 5", "remove_url": "#", "edit_url": "#"},
            {"field": "次回連絡" if ja else "Next call", "words": "が 今日まで または空" if ja else "by today or empty", "remove_url": "#", "edit_url": "#"},
        ],
        "table": {"caption": "感染症患者台帳", "columns": columns, "rows": rows, "selectable": True},
        "foot": {"words": "1–14 / 38件", "updated": "10:42", "next_url": "#"},
        "selection": {
            "action": "#", "count": 3, "total": 38,
            "actions": [{"label": a, "icon": i, "value": i} for a, i in (
                ("担当を変更", "user"), ("状態を進める", "arrow-right"), ("まとめて更新", "pencil"), ("書き出し", "download"), ("削除", "trash-2"))]
            if ja else [{"label": a, "icon": i, "value": i} for a, i in (
                ("Assign", "user"), ("Move status", "arrow-right"), ("Bulk edit", "pencil"), ("Export", "download"), ("Delete", "trash-2"))],
        },
    }


LINE_CHART = Markup(
    '<div class="row"><strong>体温の推移</strong><span class="push small quiet">直近6回</span></div>'
    '<svg class="chart" viewBox="0 0 210 130" role="img" aria-label="体温は38.6から37.8へ下がっています">'
    '<g class="grid"><path d="M30 12H206M30 44H206M30 108H206" stroke="#e1e6ed"/></g><path class="threshold" d="M30 76H206" stroke-width="1.5"/>'
    '<text x="0" y="16">38.5</text><text x="0" y="48">38.0</text><text x="0" y="80">37.5</text><text x="0" y="112">37.0</text>'
    '<polyline class="line" points="34,6 68,14 102,32 136,19 170,44 204,57"/>'
    '<g class="dot"><circle cx="34" cy="6" r="4"/><circle cx="68" cy="14" r="4"/><circle cx="102" cy="32" r="4"/><circle cx="136" cy="19" r="4"/>'
    '<circle cx="170" cy="44" r="4"/></g><circle class="dot-last" cx="204" cy="57" r="5"/><text class="label" x="180" y="47">37.8</text>'
    '<text x="30" y="126">11/19</text><text x="176" y="126">11/21</text></svg>'
)


def record_page(ui: t.Any) -> dict[str, t.Any]:
    """One patient with related tables and the timeline."""
    bad = Markup('<strong class="bad">{}</strong>')
    calls = [("11/21 16:05", "佐藤", "37.8", 95, "咳が続く。食事は半分ほど。夜間の息苦しさはない"), ("11/21 09:30", "佐藤", "38.0", 95, "倦怠感あり。解熱剤を内服"),
             ("11/20 16:10", "田中", "38.4", 96, "娘さんが応対。水分はとれている"), ("11/20 09:40", "佐藤", "38.2", 96, "初回。パルスオキシメータを配達済み"),
             ("11/19 17:20", "田中", "38.6", 97, "受診先から連絡。疫学調査の日程を決めた")]
    return {
        "crumbs": [{"label": "感染症患者台帳", "url": "#"}, {"label": "本日の架電", "url": "#"}, {"label": "C-02841"}],
        "process": [{"label": "受付", "state": "done"}, {"label": "疫学調査", "state": "done"}, {"label": "健康観察中", "state": "now"},
                    {"label": "解除", "state": "next"}],
        "sections": [
            {"title": "基本情報", "tools": Markup('<span class="row">{}個人情報を含みます</span>').format(ui.icon("lock", 16)), "pairs": [
                {"label": "生年月日", "value": "昭和22年5月3日", "small": "（1947）"},
                {"label": "電話番号", "value": Markup('<a href="tel:07000001234">070-0000-1234</a>')},
                {"label": "住所", "value": "あおば市中央3丁目4-5 みどり荘 201", "span": 6}, {"label": "発症日", "value": "2026/11/18", "small": "（4日目）"},
                {"label": "検査", "value": Markup("抗原定量 <strong>陽性</strong> <small>11/19</small>")},
                {"label": "基礎疾患", "value": Markup("{} {}").format(ui.chip("糖尿病", "orange", ""), ui.chip("高血圧", "orange", ""))},
                {"label": "かかりつけ", "value": Markup('<a href="#">中央内科クリニック</a>')}]},
            {"title": "架電記録", "number": 6, "side": LINE_CHART,
             "tools": Markup("{}{}").format(ui.button("すべて見る", kind="ghost", size="small", href="#"), ui.button("架電を記録", icon="phone", size="small", href="#")),
             "table": {"columns": [{"label": "日時", "kind": "date"}, {"label": "担当"}, {"label": "体温", "numeric": True}, {"label": "SpO₂", "numeric": True},
                                   {"label": "内容", "kind": "text"}],
                       "rows": [{"cells": [d, ui.person(p, STAFF[p]), bad.format(v), s, text]} for d, p, v, s, text in calls]}},
            {"title": "接触者", "number": 2, "tools": ui.button("追加", kind="ghost", size="small", icon="plus", href="#"),
             "table": {"columns": [{"label": "氏名"}, {"label": "続柄"}, {"label": "状態"}, {"label": "備考"}],
                       "rows": [{"url": "#", "cells": ["山田 太一", "同居・配偶者", ui.chip("検査待ち", "yellow"), "最終接触 11/20　健康観察は別居の長女が代行"]},
                                {"url": "#", "cells": ["佐々木 良子", "別居・長女", ui.chip("陰性", "green"), "11/17 に来訪　健康観察の連絡先"]}]}},
        ],
        "timeline": {
            "tabs": [{"label": "すべて", "url": "#", "current": True, "icon": "message-square"}, {"label": "コメント 3", "url": "#"}, {"label": "変更 9", "url": "#"}],
            "close_url": "#",
            "entries": [
                {"kind": "comment", "name": "中村 聡", "hue": "orange", "time": "今日 10:31", "text": Markup(
                    '<span class="mention">@佐藤 美咲</span> 9時半の架電がまだです。昨日SpO₂が95だったので、つながらなければ訪問の手配をします。')},
                {"kind": "event", "what": "次回連絡の時刻を過ぎました", "time": "09:30", "icon": "clock", "alert": True},
                {"kind": "event", "who": "佐藤 美咲", "what": "が更新", "time": "昨日 16:12", "changes": [
                    {"label": "体温", "old": "38.0", "new": "37.8"}, {"label": "次回連絡", "old": "", "new": "11/22 09:30"}]},
                {"kind": "event", "who": "田中 恵", "what": "が状態を変更", "time": "11/20 11:04", "icon": "git-branch", "key": True,
                 "chips": [ui.chip("調査中", "yellow"), ui.chip("健康観察中", "blue")]},
                {"kind": "comment", "name": "田中 恵", "hue": "green", "time": "11/20 10:58", "text": "聞き取り完了。同居のご主人（82）も検査をお願いしました。",
                 "files": [{"name": "調査票_山田花子.pdf", "url": "#", "size": "240KB"}]},
                {"kind": "event", "who": "公開フォーム", "what": "から登録", "time": "11/19 14:02", "icon": "plus", "text": "医療機関からの届出 #1182"},
            ],
            "form": {"action": "#", "files": True},
        },
    }


def edit_page() -> dict[str, t.Any]:
    """The edit form with two mistakes, a conditional subtable and an open lookup."""
    wrong = "受付日（11/19）以前にしてください"
    relations = ("選択してください", "配偶者", "子", "親")

    def row(number: int, name: str, relation: str, age: str, sign: str, note: str, errors: t.Sequence[str] = ()) -> dict[str, t.Any]:
        base = 100 + number * 10
        return {"key": number, "cells": [
            Bound(base, "氏名", name), Bound(base + 1, "続柄", relation, kind="select", choices=relations, errors=errors), Bound(base + 2, "年齢", age, kind="number"),
            Bound(base + 3, "症状", sign, kind="select", choices=("なし", "咳", "発熱")), Bound(base + 4, "備考", note)]}

    return {
        "crumbs": [{"label": "感染症患者台帳", "url": "#"}, {"label": "C-02841", "url": "#"}, {"label": "編集"}],
        "form": {
            "action": "#", "draft": "下書きをこの画面に保存しました 10:41", "cancel_url": "#",
            "problems": [{"field": "x", "href": "#f5", "text": f"発症日は、{wrong}"}, {"href": "#f121", "text": "同居家族 2行目：続柄を選んでください"}],
            "sections": [
                {"title": "基本情報", "parts": [
                    {"bound": Bound(1, "氏名", "山田 花子", required=True)}, {"bound": Bound(2, "フリガナ", "ヤマダ ハナコ", required=True)},
                    {"bound": Bound(3, "生年月日", "昭和22年5月3日", changed=True, kind="date")}, {"bound": Bound(4, "電話番号", "070-0000-1234", changed=True)},
                    {"bound": Bound(5, "発症日", "2026/11/28", required=True, errors=[wrong], kind="date")},
                    {"bound": Bound(6, "同居家族", "あり", kind="radio", choices=("あり", "なし", "不明")), "span": 4},
                    {"bound": Bound(7, "かかりつけ医療機関", "中央内科クリニック", kind="combo"), "span": 5, "aside": "医療機関アプリから選択"}]},
                {"title": "同居家族", "conditional": True, "why": "「同居家族」が あり のとき表示",
                 "tools": Markup('<span class="small desktop-only">Excelから貼り付けできます <kbd>Ctrl V</kbd></span>'), "parts": [
                     {"subtable": {"name": "family", "label": "同居家族", "columns": [{"label": "氏名", "size": "l"}, {"label": "続柄", "size": "m"}, {"label": "年齢", "numeric": True, "size": "s"},
                                                                            {"label": "症状", "size": "m"}, {"label": "備考"}],
                                   "rows": [row(1, "山田 太一", "配偶者", "82", "なし", "検査待ち"), row(2, "山田 みのり", "選択してください", "51", "咳", "平日は不在", ["続柄を選んでください"])]}}]},
                {"title": "健康観察", "parts": [
                    {"bound": Bound(8, "次回連絡", "2026/11/22 13:00", changed=True)}, {"bound": Bound(9, "体温", "37.8", unit="℃")},
                    {"bound": Bound(10, "SpO₂", "95", unit="%")}, {"bound": Bound(11, "担当", "佐藤 美咲", kind="select", choices=("佐藤 美咲", "田中 恵"))}]},
            ],
        },
    }


def conflict() -> dict[str, t.Any]:
    """Two fields changed by two people."""
    return {
        "who": "中村さん", "hue": "orange", "when": "今日 10:42", "me": "佐藤", "action": "#",
        "rows": [
            {"name": "next", "label": "次回連絡", "was": "11/22 09:30", "theirs": "11/22 11:00", "mine": "11/22 13:00", "choice": "mine"},
            {"name": "note", "label": "備考", "was": "夜間は長女へ連絡", "choice": "theirs", "joinable": True,
             "theirs": Markup("夜間は長女へ連絡<ins>（090は不可、固定電話へ）</ins>"), "mine": Markup("夜間は長女へ連絡<ins>。次回は11/24に訪問</ins>")},
        ],
        "merged": [{"label": "生年月日・電話番号", "words": "（あなた）、"}, {"label": "SpO₂", "words": "95→94（中村さん）"}],
    }


BAR_CHART = Markup(
    '<svg class="chart" viewBox="0 0 300 150" role="img" aria-label="発症日別の患者数。11月18日の41人が最も多い">'
    '<path d="M28 12H300M28 49H300M28 86H300M28 124H300" stroke="#e1e6ed"/><text x="0" y="16">45</text><text x="0" y="53">30</text><text x="0" y="90">15</text><text x="6" y="128">0</text>'
    + "".join(
        f'<rect class="bar series-{"provisional" if i > 10 else "1"}" x="{32 + i * 19.2:.1f}" y="{124 - n * 2.49:.1f}" width="14" height="{n * 2.49:.1f}" rx="2"/>'
        for i, n in enumerate((6, 9, 8, 14, 18, 17, 25, 24, 33, 41, 38, 30, 19, 7)))
    + '<text class="label" x="204" y="18">41</text><text x="28" y="144">11/9</text><text x="125" y="144">11/14</text><text x="200" y="144">11/18</text><text x="266" y="144">11/22</text></svg>'
    '<div class="legend"><span><span class="legend-key series-1"></span>確定</span><span><span class="legend-key series-provisional"></span>速報（届出の遅れあり）</span></div>'
)


def portal_page() -> dict[str, t.Any]:
    """Home of a nurse in the middle of a wave."""
    patients, shots, car = {"icon": "stethoscope", "hue": "orange"}, {"icon": "syringe", "hue": "cyan"}, {"icon": "truck", "hue": "brown"}

    def app(name: str, icon: str, hue: str, fact: str, count: str) -> dict[str, t.Any]:
        return {"name": name, "icon": icon, "hue": hue, "fact": fact, "count": count, "url": "#", "star_url": "#", "starred": False}

    call = {"label": "架電を記録", "url": "#"}
    look = {"label": "開く", "url": "#"}
    pivot = [("中央", 62, 9, 7, 78), ("東", 41, 4, 3, 48), ("西", 38, 6, 5, 49)]
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td class="num heat-{}">{}</td><td class="num heat-1">{}</td><td class="num heat-1">{}</td><td class="num"><strong>{}</strong></td></tr>').format(
            area, 4 if a > 50 else 3, a, b, c, d) for area, a, b, c, d in pivot)
    return {
        "greeting": "おはようございます、佐藤さん", "create_url": "#", "find_url": "#", "work_url": "#", "work_total": 4, "changes_url": "#",
        "summary": Markup('11月22日（日）　今日の連絡は 38件、うち <strong class="bad">4件が時刻を過ぎています</strong>'),
        "work": [
            {"app": patients, "title": "山田 花子さんへの連絡", "url": "#", "status": {"label": "健康観察中", "hue": "blue"}, "due": "09:30 超過", "late": True, "action": call},
            {"app": patients, "title": "鈴木 一郎さんへの連絡", "url": "#", "status": {"label": "健康観察中", "hue": "blue"}, "due": "10:00", "action": call},
            {"app": patients, "title": "吉田 翔さんの担当を決める", "url": "#", "status": {"label": "受付", "hue": "cyan"}, "due": "今日まで", "action": look},
            {"app": shots, "title": "予防接種の問合せ #311 に返信", "url": "#", "status": {"label": "回答待ち", "hue": "yellow"}, "due": "今日まで", "action": look},
            {"app": car, "title": "検体の搬送 便番号 2211-B の確認", "url": "#", "status": {"label": "搬送中", "hue": "purple"}, "due": "13:00", "action": look},
        ],
        "app_tabs": [{"label": "お気に入り", "url": "#", "current": True}, {"label": "最近使った", "url": "#"}, {"label": "すべて", "count": 27, "url": "#"}],
        "apps": [app("感染症患者台帳", "stethoscope", "orange", "今日 38件の連絡", "1,284件"), app("架電記録", "phone", "blue", "今日 27件", "9,842件"),
                 app("接触者", "users", "green", "検査待ち 14件", "3,120件"), app("医療機関", "hospital", "purple", "空床 31", "212件"),
                 app("予防接種の問合せ", "syringe", "cyan", "未回答 6件", "311件"), app("検体の搬送", "truck", "brown", "搬送中 3便", "640件"),
                 app("発生届", "file-text", "magenta", "公開フォーム", "1,290件")],
        "news": [{"title": "11/24 の入院調整会議は10時からです", "url": "#", "meta": "中村 聡　2時間前"},
                 {"title": "「発生届」アプリの項目が変わりました（v15）", "url": "#", "meta": "システム　昨日"},
                 {"title": "年末年始の当番表を公開しました", "url": "#", "meta": "総務課　11/20"}],
        "changes": [{"app": patients, "title": "渡辺 節子", "url": "#", "what": "状態を「入院」に変更（中村）", "time": "今日 10:38"},
                    {"app": {"icon": "hospital", "hue": "purple"}, "title": "あおば中央病院", "url": "#", "what": "入院受入 14床 → 12床（公開フォーム）", "time": "今日 10:12"},
                    {"app": patients, "title": "林 真理子", "url": "#", "what": "新しい登録（発生届から）", "time": "今日 09:55"}],
        "widgets": [
            {"title": "発症日別の患者数", "link": {"label": "台帳で見る", "url": "#"}, "body": BAR_CHART},
            {"title": "地区 × 状態", "link": {"label": "集計を開く", "url": "#"}, "padded": False, "body": Markup(
                '<table class="table table-small"><caption class="visually-hidden">地区と状態</caption><thead><tr><th scope="col">地区</th><th scope="col" class="num">観察</th>'
                '<th scope="col" class="num">入院</th><th scope="col" class="num">調査</th><th scope="col" class="num">計</th></tr></thead><tbody>{}</tbody></table>').format(rows)},
        ],
    }
