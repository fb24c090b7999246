"""What letters beyond ASCII the languages are written with: how a legacy encoding is recognized."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log

# The likelihoods are natural logarithms, rounded by hand: only their differences matter.
UNKNOWN_LETTER = -9.0  # of a letter that a language doesn't use, or an unusual sign
LESS_COMMON = -9.0  # of one of the few thousand characters that every reader of the language knows
RARE = -14.0  # of one of the ten thousands that hardly any reader knows
SIGNS = "’“”–…—«»‘„°•£€©§®·¿¡ºª½×²´¼¾³±¹µ™†‹›‚¢¥÷¶‡‰¤¦\xa0\xad"


@dataclass(frozen=True)
class Language:
    """Its letters beyond ASCII, the most frequent first, and the encodings it is found in.

    common: (codec, first and last lead byte) of the characters that are well known, where they
    are too many to be listed. signs: their share of all that isn't ASCII.
    """

    name: str
    encodings: tuple[str, ...]
    letters: str
    common: tuple[str, int, int] | None = None
    signs: float = 0.15

    @cached_property
    def likelihoods(self) -> dict[str, float]:
        """The logarithm of each character's share of all that isn't ASCII."""
        shares = dict.fromkeys(self._well_known(), LESS_COMMON)
        shares |= _zipf(SIGNS, self.signs)
        letters = _zipf(self.letters, 1 - self.signs)
        capitals = {letter.upper(): share - 2 for letter, share in letters.items()}
        return shares | capitals | letters

    @property
    def unknown(self) -> float:
        """The likelihood of a letter that isn't listed."""
        return RARE if self.common else UNKNOWN_LETTER

    def _well_known(self) -> list[str]:
        if self.common is None:
            return []
        codec, first, last = self.common
        leads, trails = range(first, last + 1), [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
        pairs = (bytes([lead, trail]).decode(codec, "ignore") for lead in leads for trail in trails)
        return [pair for pair in pairs if len(pair) == 1 and not pair.isascii()]


def _zipf(characters: str, share: float) -> dict[str, float]:
    """Divide a share among characters as languages do: the more frequent, the more by far."""
    weights = {character: 1 / (rank + 2) for rank, character in enumerate(characters)}
    total = sum(weights.values())
    return {character: log(share * weight / total) for character, weight in weights.items()}


WESTERN = ("cp1252", "iso8859_15", "mac_roman", "cp850", "cp437")
CENTRAL = ("cp1250", "iso8859_2", "cp852")
BALTIC = ("cp1257", "iso8859_13")
CYRILLIC = ("cp1251", "koi8_u", "iso8859_5", "cp866")

LANGUAGES = (
    # English borrows from all its neighbours, and names people of all countries.
    Language("English", WESTERN, "éèïçñöüêâàáíóäåøôëîûãúõßæœ", signs=0.5),
    Language("French", WESTERN, "éèàêçùûôîâœïëü"),
    Language("German", WESTERN, "üäößé"),
    Language("Spanish", WESTERN, "óíáéñúü"),
    Language("Portuguese", WESTERN, "ãçéáíóêõúâàô"),
    Language("Italian", WESTERN, "èàùòìé"),
    Language("Swedish", WESTERN, "äåöé"),
    Language("Finnish", (*WESTERN, *BALTIC), "äöåšž"),
    Language("Danish", WESTERN, "åøæéöòôü"),
    Language("Icelandic", WESTERN, "áíðéþóöúæý"),
    Language("Dutch", WESTERN, "ëéïèöü"),
    Language("Catalan", WESTERN, "àéóèíçúòïü"),
    Language("Albanian", (*WESTERN, *CENTRAL), "ëç"),
    Language("Estonian", (*WESTERN, *BALTIC), "äõüöšž"),
    Language("Hungarian", CENTRAL, "áéöóőíüűú"),
    Language("Polish", CENTRAL, "łęóżąśćńź"),
    Language("Czech", CENTRAL, "íáéěřščžýůúňťďó"),
    Language("Slovak", CENTRAL, "áíčéžúýšľťňôäóďŕĺ"),
    Language("Croatian", CENTRAL, "čšžćđ"),
    Language("Romanian", CENTRAL, "ăîţşâ"),
    Language("Lithuanian", BALTIC, "ėųšžįūčąę"),
    Language("Latvian", BALTIC, "āīēšūņļžķčģ"),
    Language("Turkish", ("cp1254",), "ıüşğçöİâîû"),
    Language(
        "Vietnamese",
        ("cp1258",),
        "đưôơêâàáăéíóúèùảãạ"
        "\N{COMBINING ACUTE ACCENT}\N{COMBINING DOT BELOW}\N{COMBINING GRAVE ACCENT}"
        "\N{COMBINING HOOK ABOVE}\N{COMBINING TILDE}",
    ),
    Language("Greek", ("cp1253", "iso8859_7"), "ατοιενρσκηπςυμλίόάγέδήωχθύφώβξζψϊϋΐΰ"),
    Language("Russian", CYRILLIC, "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё№"),
    Language("Ukrainian", CYRILLIC, "оаніирвтесклудмпзяьбгйчхцїжюєшщфґ№"),
    Language("Bulgarian", CYRILLIC, "аиоентрсвлкдпмзгяъубчцйжщхшюфь№"),
    Language("Serbian", CYRILLIC, "аиоенрсуткјвдмплзгбчцшжхљњћђфџ"),
    Language("Hebrew", ("cp1255", "iso8859_8"), "יוהלרבתמאשנעםדקחפסכגטצןזךףץ־ְִֵֶַָֹּׁׂ"),
    Language("Arabic", ("cp1256", "iso8859_6"), "اليمونرتبةعدسفهكقأحجشطصىخإزضذثآظغئءؤ،؟؛ًٌٍَُِّْ"),
    Language("Thai", ("cp874",), "านร่อกเง้มยลวีัดทิส็ตะปบคหำุแจพู์ชืึขใผไโซ๊ธถณศษภฟฎฐญๆฉๅฯ"),
    Language(
        "Japanese",
        ("cp932", "euc_jp"),
        "のい、るた。にしとはをでてがなかれうらりこすっンまもくきさーどあストんルょめけリつそだよせやえライろじみアックち"
        "おばわシドずむレほびひジごタへフロげカテマグゃぐムィバプ「」コデォニウュメサェふデッ・ぎべぶ？！ぞゆ"
        "人一日本大年中国会者自出事見時行分間生上前子手気後今思言社的何方来同長地学入高家小合私下心目定",
        ("euc_jp", 0xB0, 0xCF),
    ),
    Language(
        "Chinese",
        ("gb18030",),
        "，的。一是不了在人有、我他这个们中来上大为和国地到以说时要：就出会可也你对生能而子那得于着下自之年；过发后作里"
        "用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实"
        "日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应？！（）《》",
        ("gb2312", 0xB0, 0xD7),
    ),
    Language(
        "Chinese, in traditional characters",
        ("cp950",),
        "，的。一是不了在人有、我他這個們中來上大為和國地到以說時要：就出會可也你對生能而子那得於著下自之年；過發後作裡"
        "用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實"
        "日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應「」？！（）",
        ("big5", 0xA4, 0xC6),
    ),
    Language(
        "Korean",
        ("cp949",),
        "이다에의는로하을가고지서한은기으년대사시를리도인스일그나아자라어수들해게니제부정보장있것주여모전상원과만면구소"
        "오성되적할없유와동조비공무때국신여생우세마러경했음말였방연간권각거너르치내체체계요중당관같보더문물",
        ("euc_kr", 0xB0, 0xC8),
    ),
)
