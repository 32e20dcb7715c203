"""The frame and the home page."""

from __future__ import annotations

import typing as t
from pathlib import Path

from markupsafe import Markup

BAR_CHART = Markup((Path(__file__).parent / "bar_chart.html").read_text("utf-8"))  # noqa: S704  # our own file


def frame(current_app: str = "感染症患者台帳") -> dict[str, t.Any]:
    """What every page of the product finds in its context."""

    def app(name: str, icon: str, hue: str) -> dict[str, t.Any]:
        return {"name": name, "icon": icon, "hue": hue, "url": "#", "current": name == current_app}

    return {
        "site_name": "あおば市保健所",
        "site_unit": "感染症対策課",
        "prefs": {},
        "me": {"name": "佐藤 美咲", "login": "sato", "initial": "佐", "role": "保健師", "hue": "blue"},
        "nav": {
            "current": "" if current_app else "home",
            "work_count": 4,
            "notice_count": 12,
            "can_create": True,
            "links": {"work": "#", "notices": "#", "search": "#", "help": "#"},
            "favourites": [
                app("感染症患者台帳", "stethoscope", "orange"),
                app("架電記録", "phone", "blue"),
                app("接触者", "users", "green"),
                app("医療機関", "hospital", "purple"),
            ],
            "spaces": [
                {
                    "name": "感染症対策",
                    "open": True,
                    "apps": [app("予防接種の問合せ", "syringe", "cyan"), app("検体の搬送", "truck", "brown")],
                },
                {"name": "庶務・備品"},
                {"name": "災害対応"},
            ],
        },
    }


def portal_page() -> dict[str, t.Any]:
    """Home of a nurse in the middle of a wave."""
    patients, shots, car = (
        {"icon": "stethoscope", "hue": "orange"},
        {"icon": "syringe", "hue": "cyan"},
        {"icon": "truck", "hue": "brown"},
    )

    def app(name: str, icon: str, hue: str, fact: str, count: str) -> dict[str, t.Any]:
        return {
            "name": name,
            "icon": icon,
            "hue": hue,
            "fact": fact,
            "count": count,
            "url": "#",
            "star_url": "#",
            "starred": False,
        }

    call = {"label": "架電を記録", "url": "#"}
    look = {"label": "開く", "url": "#"}
    pivot = [("中央", 62, 9, 7, 78), ("東", 41, 4, 3, 48), ("西", 38, 6, 5, 49)]
    rows = Markup("").join(
        Markup(
            '<tr><th scope="row">{}</th><td class="num heat-{}">{}</td><td class="num heat-1">{}</td>'
            '<td class="num heat-1">{}</td><td class="num"><strong>{}</strong></td></tr>'
        ).format(area, 4 if a > 50 else 3, a, b, c, d)
        for area, a, b, c, d in pivot
    )
    return {
        "greeting": "おはようございます、佐藤さん",
        "create_url": "#",
        "find_url": "#",
        "work_url": "#",
        "work_total": 4,
        "changes_url": "#",
        "summary": Markup(
            '11月22日（日）　今日の連絡は 38件、うち <strong class="bad">4件が時刻を過ぎています</strong>'
        ),
        "work": [
            {
                "app": patients,
                "title": "山田 花子さんへの連絡",
                "url": "#",
                "status": {"label": "健康観察中", "hue": "blue"},
                "due": "09:30 超過",
                "late": True,
                "action": call,
            },
            {
                "app": patients,
                "title": "鈴木 一郎さんへの連絡",
                "url": "#",
                "status": {"label": "健康観察中", "hue": "blue"},
                "due": "10:00",
                "action": call,
            },
            {
                "app": patients,
                "title": "吉田 翔さんの担当を決める",
                "url": "#",
                "status": {"label": "受付", "hue": "cyan"},
                "due": "今日まで",
                "action": look,
            },
            {
                "app": shots,
                "title": "予防接種の問合せ #311 に返信",
                "url": "#",
                "status": {"label": "回答待ち", "hue": "yellow"},
                "due": "今日まで",
                "action": look,
            },
            {
                "app": car,
                "title": "検体の搬送 便番号 2211-B の確認",
                "url": "#",
                "status": {"label": "搬送中", "hue": "purple"},
                "due": "13:00",
                "action": look,
            },
        ],
        "app_tabs": [
            {"label": "お気に入り", "url": "#", "current": True},
            {"label": "最近使った", "url": "#"},
            {"label": "すべて", "count": 27, "url": "#"},
        ],
        "apps": [
            app("感染症患者台帳", "stethoscope", "orange", "今日 38件の連絡", "1,284件"),
            app("架電記録", "phone", "blue", "今日 27件", "9,842件"),
            app("接触者", "users", "green", "検査待ち 14件", "3,120件"),
            app("医療機関", "hospital", "purple", "空床 31", "212件"),
            app("予防接種の問合せ", "syringe", "cyan", "未回答 6件", "311件"),
            app("検体の搬送", "truck", "brown", "搬送中 3便", "640件"),
            app("発生届", "file-text", "magenta", "公開フォーム", "1,290件"),
        ],
        "news": [
            {"title": "11/24 の入院調整会議は10時からです", "url": "#", "meta": "中村 聡　2時間前"},
            {"title": "「発生届」アプリの項目が変わりました（v15）", "url": "#", "meta": "システム　昨日"},
            {"title": "年末年始の当番表を公開しました", "url": "#", "meta": "総務課　11/20"},
        ],
        "changes": [
            {
                "app": patients,
                "title": "渡辺 節子",
                "url": "#",
                "what": "状態を「入院」に変更（中村）",
                "time": "今日 10:38",
            },
            {
                "app": {"icon": "hospital", "hue": "purple"},
                "title": "あおば中央病院",
                "url": "#",
                "what": "入院受入 14床 → 12床（公開フォーム）",
                "time": "今日 10:12",
            },
            {
                "app": patients,
                "title": "林 真理子",
                "url": "#",
                "what": "新しい登録（発生届から）",
                "time": "今日 09:55",
            },
        ],
        "widgets": [
            {"title": "発症日別の患者数", "link": {"label": "台帳で見る", "url": "#"}, "body": BAR_CHART},
            {
                "title": "地区 × 状態",
                "link": {"label": "集計を開く", "url": "#"},
                "padded": False,
                "body": Markup(
                    '<table class="table table-small"><caption class="visually-hidden">地区と状態</caption>'
                    '<thead><tr><th scope="col">地区</th><th scope="col" class="num">観察</th>'
                    '<th scope="col" class="num">入院</th><th scope="col" class="num">調査</th>'
                    '<th scope="col" class="num">計</th></tr></thead><tbody>{}</tbody></table>'
                ).format(rows),
            },
        ],
    }
