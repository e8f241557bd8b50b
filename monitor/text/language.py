"""Which language a text is written in.

The script decides wherever it can (Chinese, Korean, Russian, Arabic ...), which costs microseconds.
Latin letters need words: a handful of English function words settle most headlines, py3langid
the rest. It is imported on first need only, since it brings numpy.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile
from typing import Any

SAMPLE = 400  # characters that are looked at
FEWEST_LETTERS = 4  # below, a text says nothing of its language
SURE = 0.75  # py3langid's confidence from which it overrules the feed's own claim
SURE_ALONE = 0.5  # ... when the feed claims nothing; on short titles it is wrong too often below
LATIN = ("en de fr es pt it nl id vi tr pl sv da ro cs fi hu ms no").split()

_NOT_LATIN = re.compile(
    r"[^\x00-\u036f\u1e00-\u1eff\u2000-\u2bff\u3000-\u303f\ufb00-\ufb06\ufe00-\ufe0f\uff00-\uffef\U0001f000-\U0001faff]+"
)
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
_WORD = re.compile(r"[a-z\u00e0-\u024f\u1e00-\u1eff]+")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]+")
_HANGUL = re.compile(r"[\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f]+")
_VIETNAMESE = re.compile(r"[\u01a0\u01a1\u01af\u01b0\u0110\u0111\u1ea0-\u1ef9]+")

# One range of code points per script whose language is plain, or settled by `_AMONG` below.
_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("el", "\u0370-\u03ff\u1f00-\u1fff"), ("ru", "\u0400-\u052f"), ("hy", "\u0530-\u058f"), ("he", "\u0590-\u05ff"),
    ("ar", "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefe"), ("hi", "\u0900-\u097f"), ("bn", "\u0980-\u09ff"),
    ("pa", "\u0a00-\u0a7f"), ("gu", "\u0a80-\u0aff"), ("or", "\u0b00-\u0b7f"), ("ta", "\u0b80-\u0bff"),
    ("te", "\u0c00-\u0c7f"), ("kn", "\u0c80-\u0cff"), ("ml", "\u0d00-\u0d7f"), ("si", "\u0d80-\u0dff"),
    ("th", "\u0e00-\u0e7f"), ("lo", "\u0e80-\u0eff"), ("bo", "\u0f00-\u0fff"), ("my", "\u1000-\u109f"),
    ("ka", "\u10a0-\u10ff"), ("am", "\u1200-\u137f"), ("km", "\u1780-\u17ff"), ("mn", "\u1800-\u18af"),
)  # fmt: skip
_SCRIPT = re.compile("|".join(f"(?P<{code}>[{span}])" for code, span in _SCRIPTS))
# Letters that only one language of a shared script uses; the first hit wins.
_AMONG: dict[str, tuple[tuple[str, re.Pattern[str]], ...]] = {
    "ar": (
        ("ur", re.compile("[\u0679\u0688\u0691\u06ba\u06d2\u06be\u06c1]")),
        ("fa", re.compile("[\u067e\u0686\u0698\u06af\u06a9\u06cc]")),
    ),
    "ru": (
        ("be", re.compile("[\u045e\u040e]")),
        ("kk", re.compile("[\u04d9\u049b\u0493\u04b1\u04af\u04d8\u049a\u0492\u04b0\u04ae]")),
        ("uk", re.compile("[\u0456\u0457\u0454\u0491\u0406\u0407\u0404\u0490]")),
        ("sr", re.compile("[\u0458\u0459\u045a\u045b\u0452\u0408\u0409\u040a\u040b\u0402]")),
    ),
}
_SHARING = {  # languages of the same script that only the feed's own claim can tell apart
    "ru": {"bg", "mk", "sr", "ky", "tg", "mn", "kk", "be", "uk"},
    "ar": {"fa", "ur", "ps", "ckb", "ug"},
    "hi": {"mr", "ne"},
    "he": {"yi"},
    "bn": {"as"},
    "am": {"ti"},
}
_RUSSIAN_ONLY = re.compile("[\u044b\u044d\u0451\u042b\u042d\u0401]")
# Function words and numerals that no other large language of Latin letters has: one is enough.
_UNMISTAKABLE = frozenset(
    "the and with from says would could against amid their this that been which about before because during how why"
    " what into they them you your where when while there these those each every other across between both again"
    " next within without three four five seven eight nine eleven twelve hundred thousand year years months weeks days"
    " said asked told".split()
)
# Function words that other languages spell alike, rarely in one headline with another of them.
_ENGLISH = _UNMISTAKABLE | frozenset(
    "of to for by after over as at on its is are was were has have will not his than be it who more new".split()
)
_OTHERS = frozenset(
    "de der die das und den von mit für auf dem ist des im zu ein eine le la les et du des en un une pour"
    " dans sur au aux el los las y del por con para una que se o os da do dos em no na com il lo gli di"
    " che per non della dei het een van dan di yang untuk dengan dari ini itu ve bir için och att som det"
    " på w z na nie się".split()
)


def language_of(title: str, summary: str = "", claimed: str = "") -> str:
    """The BCP 47 base code of the text, such as `zh`, `en`, `pt`; never raises.

    `claimed` is the feed's own word and settles what letters and words leave open; without it
    that is `en`, the language most feeds are written in.
    """
    claim = claimed.replace("_", "-").partition("-")[0].strip().lower()
    sample = f"{title[:SAMPLE]} {summary[:SAMPLE]}" if len(title) < SAMPLE else title[:SAMPLE]
    if not sample.isascii():
        foreign = _letters(_NOT_LATIN, sample)
        # one Han letter says as much as four Latin ones
        if foreign and foreign * (4 if _HAN.search(sample) else 1) >= _letters(_LATIN, sample):
            return _by_script(sample, claim)
    return _latin(sample, claim)


def _letters(runs: re.Pattern[str], sample: str) -> int:
    """How many letters of a script there are; found in runs, which is quicker than one by one."""
    return sum(map(len, runs.findall(sample)))


def _by_script(sample: str, claim: str) -> str:
    hangul, kana, han = (_letters(script, sample) for script in (_HANGUL, _KANA, _HAN))
    if hangul and hangul >= kana and hangul * 2 >= han:
        return "ko"
    if kana * 15 > kana + han:  # a lone の in a Chinese brand name is not Japanese
        return "ja"
    if han:
        # a short Japanese headline may do without kana
        return "ja" if claim == "ja" and han < 40 else "zh"
    found = _SCRIPT.search(sample)
    if found is None or found.lastgroup is None:
        return claim or "en"
    return _of_script(found.lastgroup, sample, claim)


def _of_script(script: str, sample: str, claim: str) -> str:
    if claim in _SHARING.get(script, ()) and not (script == "ru" and _RUSSIAN_ONLY.search(sample) and claim != "be"):
        return claim
    for code, letters in _AMONG.get(script, ()):
        if letters.search(sample):
            return code
    return script


def _latin(sample: str, claim: str) -> str:
    words = _WORD.findall(sample.lower())
    letters = sum(map(len, words))
    if letters < FEWEST_LETTERS:
        return claim or "en"
    if not sample.isascii() and _letters(_VIETNAMESE, sample) * 12 > letters:
        return "vi"
    if _plainly_english(words):
        return "en"
    return _by_words(sample, claim, few=len(words) < 3)


def _plainly_english(words: list[str]) -> bool:
    seen = set(words)
    english, others = len(seen & _ENGLISH), len(seen & _OTHERS)
    return english > 2 * others and (english >= 2 or not seen.isdisjoint(_UNMISTAKABLE))


def _by_words(sample: str, claim: str, *, few: bool) -> str:
    # Mostly capitals confuse the model, which has seen sentences.
    code, sure = _identifier().classify(sample.lower() if sample.upper() == sample else sample)
    if claim == code or claim not in LATIN:  # a claim of another script says nothing about Latin words
        fallback = claim if claim in LATIN else "en"
        return str(code) if sure >= (SURE if few else SURE_ALONE) else fallback
    return claim if few or sure < SURE else str(code)


@cache
def _identifier() -> Any:
    """py3langid, held to the languages that feeds use: without that it takes English for Zulu."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LATIN)
    identifier._full_model = None  # the other languages, never asked for, are 25 MB
    with suppress(OSError), TemporaryFile() as file:  # of its 40 MB of moves a language needs a few: read as touched
        identifier.tk_nextmove.tofile(file)
        file.flush()
        identifier.tk_nextmove = memoryview(mmap(file.fileno(), 0, access=ACCESS_READ)).cast("I")
    return identifier
