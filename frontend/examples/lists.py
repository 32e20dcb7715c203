"""The list of patients."""

from __future__ import annotations

import typing as t

from markupsafe import Markup

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


def list_page(ui: t.Any, *, english: bool = False) -> dict[str, t.Any]:
    """The list of patients with three rows selected."""
    ja = not english
    rows = []
    for number, line in enumerate(PATIENTS):
        code, name, kana, age, sex, status, risk, due, last, temp, staff, area, onset = line.split("|")
        hot = bool(temp) and float(temp) >= 37.5
        rows.append(
            {
                "id": number,
                "url": "#",
                "name": name,
                "sub": kana,
                "selected": number in (1, 3, 6),
                "call_url": "tel:07000001234",
                "card_note": f"{age}歳 {sex}",
                "cells": [
                    code,
                    name,
                    Markup('{} <span class="quiet">{}</span>').format(age, sex),
                    ui.chip(status, CHIPS[status]),
                    ui.mark(risk, "red") if risk == "高" else Markup('<span class="quiet">{}</span>').format(risk),
                    ui.overdue(due[1:] if ja else due[1:].replace("超過", "overdue")) if due.startswith("!") else due,
                    last,
                    Markup('<strong class="bad">{}</strong>').format(temp) if hot else temp,
                    ui.person(staff, STAFF[staff])
                    if staff
                    else Markup('<span class="quiet">{}</span>').format("未割当" if ja else "None"),
                    area,
                    onset,
                ],
            }
        )
    heads = (
        ["番号", "氏名", "年齢", "状態", "リスク", "次回連絡", "最終架電", "体温", "担当", "地区", "発症日"]
        if ja
        else ["No.", "Name", "Age", "Status", "Risk", "Next call", "Last call", "Temp.", "Assignee", "Area", "Onset"]
    )
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
            "public_form": "公開フォーム",
            "app_settings": "アプリの設定",
            "add": "レコードを追加",
            "add_short": "追加",
            "views": "一覧",
            "add_view": "一覧を追加",
            "search_list": "この一覧を検索",
            "search_hint": "氏名・カナ・電話・番号",
            "filter": "条件",
            "sort": "次回連絡 ↑",
            "columns": "列",
            "edit_table": "表で編集",
            "more": "そのほか",
        }
        if ja
        else {
            "public_form": "Public form",
            "app_settings": "App settings",
            "add": "Add record",
            "add_short": "Add",
            "views": "Views",
            "add_view": "Add view",
            "search_list": "Search this list",
            "search_hint": "Name, kana, phone, ID",
            "filter": "Filter",
            "sort": "Next call ↑",
            "columns": "Columns",
            "edit_table": "Edit as table",
            "more": "More",
        },
        "crumbs": [
            {"label": "感染症対策" if ja else "Infectious disease", "url": "#"},
            {"label": "アプリ" if ja else "Apps"},
        ],
        "view_tabs": [
            tab("すべて" if ja else "All", "list"),
            tab("本日の架電" if ja else "Calls today", "list", count=38, current=True),
            tab("要フォロー" if ja else "Follow-up", "list", count=7),
            tab("状態ボード" if ja else "Board", "square-kanban"),
            tab("カレンダー" if ja else "Calendar", "calendar-days"),
            tab("発症日別" if ja else "By onset", "chart-column"),
            tab("地区×状態" if ja else "Area × status", "table-2"),
        ],
        "chips": [
            {
                "field": "状態" if ja else "Status",
                "words": "が 受付・調査中 ほか3" if ja else "is any of 5",
                "remove_url": "#",
                "edit_url": "#",
            },
            {
                "field": "次回連絡" if ja else "Next call",
                "words": "が 今日まで または空" if ja else "by today or empty",
                "remove_url": "#",
                "edit_url": "#",
            },
        ],
        "table": {"caption": "感染症患者台帳", "columns": columns, "rows": rows, "selectable": True},
        "foot": {"words": "1–14 / 38件", "updated": "10:42", "next_url": "#"},
        "selection": {
            "action": "#",
            "count": 3,
            "total": 38,
            "actions": [
                {"label": a, "icon": i, "value": i}
                for a, i in (
                    ("担当を変更", "user"),
                    ("状態を進める", "arrow-right"),
                    ("まとめて更新", "pencil"),
                    ("書き出し", "download"),
                    ("削除", "trash-2"),
                )
            ]
            if ja
            else [
                {"label": a, "icon": i, "value": i}
                for a, i in (
                    ("Assign", "user"),
                    ("Move status", "arrow-right"),
                    ("Bulk edit", "pencil"),
                    ("Export", "download"),
                    ("Delete", "trash-2"),
                )
            ],
        },
    }
