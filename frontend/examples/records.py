"""One patient: shown, edited, and edited by two at once."""

from __future__ import annotations

import typing as t
from pathlib import Path

from markupsafe import Markup

from examples.controls import Bound
from examples.lists import STAFF

LINE_CHART = Markup((Path(__file__).parent / "line_chart.html").read_text("utf-8"))  # noqa: S704  # our own file


def record_page(ui: t.Any) -> dict[str, t.Any]:
    """One patient with related tables and the timeline."""
    bad = Markup('<strong class="bad">{}</strong>')
    calls = [
        ("11/21 16:05", "佐藤", "37.8", 95, "咳が続く。食事は半分ほど。夜間の息苦しさはない"),
        ("11/21 09:30", "佐藤", "38.0", 95, "倦怠感あり。解熱剤を内服"),
        ("11/20 16:10", "田中", "38.4", 96, "娘さんが応対。水分はとれている"),
        ("11/20 09:40", "佐藤", "38.2", 96, "初回。パルスオキシメータを配達済み"),
        ("11/19 17:20", "田中", "38.6", 97, "受診先から連絡。疫学調査の日程を決めた"),
    ]
    return {
        "crumbs": [{"label": "感染症患者台帳", "url": "#"}, {"label": "本日の架電", "url": "#"}, {"label": "C-02841"}],
        "process": [
            {"label": "受付", "state": "done"},
            {"label": "疫学調査", "state": "done"},
            {"label": "健康観察中", "state": "now"},
            {"label": "解除", "state": "next"},
        ],
        "sections": [
            {
                "title": "基本情報",
                "tools": Markup('<span class="row">{}個人情報を含みます</span>').format(ui.icon("lock", 16)),
                "pairs": [
                    {"label": "生年月日", "value": "昭和22年5月3日", "small": "（1947）"},
                    {"label": "電話番号", "value": Markup('<a href="tel:07000001234">070-0000-1234</a>')},
                    {"label": "住所", "value": "あおば市中央3丁目4-5 みどり荘 201", "span": 6},
                    {"label": "発症日", "value": "2026/11/18", "small": "（4日目）"},
                    {"label": "検査", "value": Markup("抗原定量 <strong>陽性</strong> <small>11/19</small>")},
                    {
                        "label": "基礎疾患",
                        "value": Markup("{} {}").format(
                            ui.chip("糖尿病", "orange", ""), ui.chip("高血圧", "orange", "")
                        ),
                    },
                    {"label": "かかりつけ", "value": Markup('<a href="#">中央内科クリニック</a>')},
                ],
            },
            {
                "title": "架電記録",
                "number": 6,
                "side": LINE_CHART,
                "tools": Markup("{}{}").format(
                    ui.button("すべて見る", kind="ghost", size="small", href="#"),
                    ui.button("架電を記録", icon="phone", size="small", href="#"),
                ),
                "table": {
                    "columns": [
                        {"label": "日時", "kind": "date"},
                        {"label": "担当"},
                        {"label": "体温", "numeric": True},
                        {"label": "SpO₂", "numeric": True},
                        {"label": "内容", "kind": "text"},
                    ],
                    "rows": [
                        {"cells": [d, ui.person(p, STAFF[p]), bad.format(v), s, text]} for d, p, v, s, text in calls
                    ],
                },
            },
            {
                "title": "接触者",
                "number": 2,
                "tools": ui.button("追加", kind="ghost", size="small", icon="plus", href="#"),
                "table": {
                    "columns": [{"label": "氏名"}, {"label": "続柄"}, {"label": "状態"}, {"label": "備考"}],
                    "rows": [
                        {
                            "url": "#",
                            "cells": [
                                "山田 太一",
                                "同居・配偶者",
                                ui.chip("検査待ち", "yellow"),
                                "最終接触 11/20　健康観察は別居の長女が代行",
                            ],
                        },
                        {
                            "url": "#",
                            "cells": [
                                "佐々木 良子",
                                "別居・長女",
                                ui.chip("陰性", "green"),
                                "11/17 に来訪　健康観察の連絡先",
                            ],
                        },
                    ],
                },
            },
        ],
        "timeline": {
            "tabs": [
                {"label": "すべて", "url": "#", "current": True, "icon": "message-square"},
                {"label": "コメント 3", "url": "#"},
                {"label": "変更 9", "url": "#"},
            ],
            "close_url": "#",
            "entries": [
                {
                    "kind": "comment",
                    "name": "中村 聡",
                    "hue": "orange",
                    "time": "今日 10:31",
                    "text": Markup(
                        '<span class="mention">@佐藤 美咲</span> 9時半の架電がまだです。'
                        "昨日SpO₂が95だったので、つながらなければ訪問の手配をします。"
                    ),
                },
                {
                    "kind": "event",
                    "what": "次回連絡の時刻を過ぎました",
                    "time": "09:30",
                    "icon": "clock",
                    "alert": True,
                },
                {
                    "kind": "event",
                    "who": "佐藤 美咲",
                    "what": "が更新",
                    "time": "昨日 16:12",
                    "changes": [
                        {"label": "体温", "old": "38.0", "new": "37.8"},
                        {"label": "次回連絡", "old": "", "new": "11/22 09:30"},
                    ],
                },
                {
                    "kind": "event",
                    "who": "田中 恵",
                    "what": "が状態を変更",
                    "time": "11/20 11:04",
                    "icon": "git-branch",
                    "key": True,
                    "chips": [ui.chip("調査中", "yellow"), ui.chip("健康観察中", "blue")],
                },
                {
                    "kind": "comment",
                    "name": "田中 恵",
                    "hue": "green",
                    "time": "11/20 10:58",
                    "text": "聞き取り完了。同居のご主人（82）も検査をお願いしました。",
                    "files": [{"name": "調査票_山田花子.pdf", "url": "#", "size": "240KB"}],
                },
                {
                    "kind": "event",
                    "who": "公開フォーム",
                    "what": "から登録",
                    "time": "11/19 14:02",
                    "icon": "plus",
                    "text": "医療機関からの届出 #1182",
                },
            ],
            "form": {"action": "#", "files": True},
        },
    }


def edit_page() -> dict[str, t.Any]:
    """The edit form with two mistakes, a conditional subtable and an open lookup."""
    wrong = "受付日（11/19）以前にしてください"
    return {
        "crumbs": [{"label": "感染症患者台帳", "url": "#"}, {"label": "C-02841", "url": "#"}, {"label": "編集"}],
        "form": {
            "action": "#",
            "draft": "下書きをこの画面に保存しました 10:41",
            "cancel_url": "#",
            "problems": [
                {"field": "x", "href": "#f5", "text": f"発症日は、{wrong}"},
                {"href": "#f121", "text": "同居家族 2行目：続柄を選んでください"},
            ],
            "sections": [
                {
                    "title": "基本情報",
                    "parts": [
                        {"bound": Bound(1, "氏名", "山田 花子", required=True)},
                        {"bound": Bound(2, "フリガナ", "ヤマダ ハナコ", required=True)},
                        {"bound": Bound(3, "生年月日", "昭和22年5月3日", changed=True, type_name="DATE")},
                        {"bound": Bound(4, "電話番号", "070-0000-1234", changed=True)},
                        {"bound": Bound(5, "発症日", "2026/11/28", required=True, errors=[wrong], type_name="DATE")},
                        {
                            "bound": Bound(6, "同居家族", "あり", kind="radio", choices=("あり", "なし", "不明")),
                            "span": 4,
                        },
                        {
                            "bound": Bound(7, "かかりつけ医療機関", "中央内科クリニック", kind="combo"),
                            "span": 5,
                            "aside": "医療機関アプリから選択",
                        },
                    ],
                },
                {
                    "title": "同居家族",
                    "conditional": True,
                    "why": "「同居家族」が あり のとき表示",
                    "tools": Markup(
                        '<span class="small desktop-only">Excelから貼り付けできます <kbd>Ctrl V</kbd></span>'
                    ),
                    "parts": [{"bound": Bound(90, "同居家族", kind="subtable"), "span": 12, "hidden_label": True}],
                },
                {
                    "title": "健康観察",
                    "parts": [
                        {"bound": Bound(8, "次回連絡", "2026/11/22 13:00", changed=True, type_name="DATETIME")},
                        {"bound": Bound(9, "体温", "37.8", unit="℃")},
                        {"bound": Bound(10, "SpO₂", "95", unit="%")},
                        {"bound": Bound(11, "担当", "佐藤 美咲", kind="select", choices=("佐藤 美咲", "田中 恵"))},
                    ],
                },
            ],
        },
    }


def conflict() -> dict[str, t.Any]:
    """Two fields changed by two people."""
    return {
        "who": "中村さん",
        "hue": "orange",
        "when": "今日 10:42",
        "me": "佐藤",
        "action": "#",
        "rows": [
            {
                "name": "next",
                "label": "次回連絡",
                "was": "11/22 09:30",
                "theirs": "11/22 11:00",
                "mine": "11/22 13:00",
                "choice": "mine",
            },
            {
                "name": "note",
                "label": "備考",
                "was": "夜間は長女へ連絡",
                "choice": "theirs",
                "joinable": True,
                "theirs": Markup("夜間は長女へ連絡<ins>（090は不可、固定電話へ）</ins>"),
                "mine": Markup("夜間は長女へ連絡<ins>。次回は11/24に訪問</ins>"),
            },
        ],
        "merged": [
            {"label": "生年月日・電話番号", "words": "（あなた）、"},
            {"label": "SpO₂", "words": "95→94（中村さん）"},
        ],
    }
