"""Which language a text is in, by its script and its most frequent words."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

_FEWEST = 2
"""Frequent words of a language that a text must have."""

_WORDS = {
    "da": "af at blev de den der det en er et for fra han har hun i ikke jeg kan med men og om på sig som til var ved",
    "de": "als am auf aus bei das dem den der des die ein eine er es für hat ich im in ist mit nach nicht sich sie sind"
    " und von war wird wurde zu zum zur",
    "en": "a an and are as at be by can for from has have he in is it its not of on or that the their they this to was"
    " were which will with you",
    "es": "al con de del el en es está fue ha la las lo los más no para pero por que se son su sus un una y",
    "fr": "au aux avec ce dans de des du elle en est et il la le les mais ne ou par pas pour qui sa se son sont sur un"
    " une",
    "it": "al alla che con da dal della delle di del e è gli ha i il in la le lo ma nel non per più si sono un una",
    "nl": "aan als bij dat de deze die dit een en er het hij ik in is met naar niet of om op te uit van voor was wordt"
    " zijn",
    "pl": "a ale był być dla do i ich jak jest na nie o od po przez są się to w z za że",
    "pt": "ao as com da das de do dos e ela ele em é foi mais na não no nos o os para pela por que se seu um uma",
    "sv": "att av de den det en ett från för han har i inte jag kan med men och om på sig som till var vid är",
}
_LANGUAGES: dict[str, list[str]] = {}
for _language, _line in _WORDS.items():
    for _word in _line.split():
        _LANGUAGES.setdefault(_word, []).append(_language)
_SCRIPTS = (
    ("ja", re.compile(r"[぀-ヿ]")),
    ("zh", re.compile(r"[一-鿿]")),
    ("ko", re.compile(r"[가-힣]")),
    ("ru", re.compile(r"[Ѐ-ӿ]")),
    ("el", re.compile(r"[Ͱ-Ͽ]{3}")),
    ("ar", re.compile(r"[؀-ۿ]")),
    ("he", re.compile(r"[֐-׿]")),
    ("hi", re.compile(r"[ऀ-ॿ]")),
)
_MOST = 2000  # characters that are looked at
_LATIN = re.compile(r"[^\W\d_]+")
_SHARE = 4  # letters in a foreign script must be one in so many


@lru_cache(maxsize=65536)
def language_of(text: str) -> str:
    """Give the code of a text's language, or an empty text where it is too short to tell.

    Scripts that several languages share stand for the one that most write in it.

    Examples
    --------
    >>> language_of("The mill was built in 1875."), language_of("Die Mühle wurde 1875 gebaut, und sie ist alt.")
    ('en', 'de')
    >>> language_of("Berth 10")
    ''
    """
    looked = text[:_MOST]
    for language, script in _SCRIPTS:
        if len("".join(script.findall(looked))) * _SHARE >= len("".join(_LATIN.findall(looked))) > 0:
            return language
    hits = Counter(language for word in _LATIN.findall(looked.lower()) for language in _LANGUAGES.get(word, ()))
    (best, most), *others = [*hits.most_common(2), ("", 0)]
    clear = not others or most > others[0][1]
    return best if most >= _FEWEST and clear else ""
