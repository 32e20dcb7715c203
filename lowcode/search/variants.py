"""Old and variant forms of Chinese characters that mean the same name: 髙橋 and 高橋, 渡邉 and 渡辺.

Each group is written with its everyday form first. Sources, all public facts: the 常用漢字表 of the Cabinet notice of
2010 (the forms in brackets there), the 人名用漢字 list of the Family Register Act's ordinance (pairs of old and new
forms), and for characters outside both (髙, 﨑, 𠮷, 邉, 靏 …) the 戸籍統一文字 that the Ministry of Justice lists as
variants. Compatibility characters that Unicode itself decomposes (神 U+FA19, 福 U+FA1B …) need no line here.

Only forms that people use for one and the same name are joined; characters that merely look or sound alike are not.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from types import MappingProxyType

# Surnames and given names, then the rest of the old forms in the order of their reading.
_GROUPS: t.Final = """
高髙 崎﨑嵜 辺邊邉 斉齊齋斎 浜濱濵 沢澤 広廣 国國 島嶋嶌 桜櫻 竜龍 真眞 栄榮 寿壽 恵惠 豊豐 静靜 吉𠮷 橋𣘺槗 徳德
黒黑 清淸 青靑 渋澁澀 滝瀧 渕淵渊 槙槇 桑桒 柳栁桺 曽曾 蔵藏 薮藪籔 桧檜 塚塚 富冨 館舘 野埜 柏栢 村邨 杉杦 梅楳
秋穐龝 並竝 園薗 達逹 遥遙 鶴隺靏靍 頴穎 飲飮 間閒 鎌鐮 鉄鐵鉃 峰峯 祢禰 彦彥 凛凜 侠俠 昇曻 昂昻 晋晉 塩鹽 尭堯
稲稻 弥彌 来來 頼賴 礼禮 郷鄕鄉 巌巖 厳嚴 剣劍劒釼 恒恆 雁鳫 鴎鷗 麹麴 莱萊 蛎蠣 篭籠 条條 総總 宝寶 万萬 満滿
亜亞 悪惡 圧壓 囲圍 為爲 医醫 壱壹 隠隱 営營 衛衞 駅驛 円圓 応應 奥奧 欧歐 殴毆 仮假 価價 画畫 会會 壊壞 懐懷 絵繪
拡擴 殻殼 覚覺 学學 岳嶽 楽樂 渇渴 巻卷 陥陷 勧勸 寛寬 関關 歓歡 観觀 気氣 帰歸 旧舊 挙擧舉 峡峽 狭狹 暁曉 勲勳 教敎
渓溪 経經 継繼 茎莖 鶏鷄 芸藝 県縣 険險 験驗 顕顯 号號 砕碎 済濟 剤劑 雑雜 参參 蚕蠶 桟棧 賛贊 産產 糸絲 歯齒 児兒
辞辭 湿濕 舎舍 写寫 釈釋 収收 従從 縦縱 粛肅 処處 叙敍敘 将將 奨奬獎 焼燒 証證 状狀 乗乘 浄淨 剰剩 畳疊 醸釀 嬢孃
譲讓 触觸 実實 尽盡 図圖 粋粹 酔醉 穂穗 随隨 髄髓 数數 枢樞 声聲 摂攝 窃竊 専專 浅淺 践踐 戦戰 潜潛 繊纖 禅禪 双雙
壮壯 荘莊 捜搜 挿插 装裝 騒騷 増增 臓臟 属屬 続續 対對 体體 帯帶 滞滯 台臺 択擇 担擔 単單 胆膽 団團 弾彈 断斷 遅遲
痴癡 虫蟲 昼晝 鋳鑄 庁廳 聴聽 鎮鎭 逓遞 転轉 点點 伝傳 党黨 盗盜 灯燈 当當 闘鬪 独獨 読讀 届屆 縄繩 弐貳 悩惱 脳腦
覇霸 拝拜 廃廢 売賣 麦麥 発發 髪髮 抜拔 蛮蠻 秘祕 瓶甁 仏佛 払拂 変變 弁辨辯瓣 舗舖 褒襃 没沒 毎每 黙默 訳譯 薬藥
予豫 余餘 与與 誉譽 揺搖 様樣 謡謠 乱亂 覧覽 両兩 猟獵 緑綠 塁壘 励勵 霊靈 齢齡 恋戀 炉爐 労勞 楼樓 録錄 湾灣 横橫
歩步 内內 即卽 戸戶 黄黃 晩晚 緒緖
"""

VARIANTS: Mapping[str, str] = MappingProxyType(
    {other: group[0] for group in _GROUPS.split() for other in group[1:] if other != group[0]}
)
"""From each old or variant form to the everyday one."""
