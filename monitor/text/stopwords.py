"""Words that hold sentences together and mean nothing by themselves; none of them is evidence."""

from __future__ import annotations

from collections.abc import Sequence

STOP_WORDS = frozenset(
    # English
    "a about after all also an and any are as at be been"
    " before being but by can could did do does for from had has have"
    " he her his how i if in into is it its just may more most"
    " new no not now of off on one or other our out over said say"
    " says she so some such than that the their them then there"
    " these they this those to under until up us was we were"
    " what when where which while who will with would you your"
    # Spanish, Portuguese, Italian, French
    " al con da das de degli dei del della delle des di do dos du"
    " e el em en entre es est et gli ha hay il la las le les"
    " lo los mais más na nas no nos nel nella para par pas per"
    " pero plus por pour que qui se ses si sin son sont su sua"
    " sur sus un una une uno y à é às ao aos aux avec che dans"
    # German, Dutch, Polish
    " als am auch auf aus bei bis das dass dem den der die ein eine einem einen einer er es für im ist mit nach nicht"
    " noch sich sie sind um und von vor war wie wird zu zum zur"
    " aan een het met naar om op te van voor wordt zijn do jest"
    " na nie od po się w z ze"
    # Indonesian, Vietnamese, Turkish
    " ada akan atau bagi dalam dan dari dengan di ini itu juga karena ke oleh pada saat telah tidak untuk yang"
    " các có cho của do được là một những này trong và với về ở bir bu da daha de gibi ile için olan olarak ve"
    # Russian, Arabic
    " а в во для до и из за как к на не но о об от по при с со так то у что это"
    " إلى إن أن التي الذي على عن في ما مع من هذا هذه و"
    # Chinese, Japanese, Korean
    " 的 了 在 和 与 是 为 将 对 等 及 或 也 就 都 而 从 被 把 向 于 以 其 这 那 有 并 称 中 年 月 日"
    " の は が を に へ と で も や から まで より 이 그 및 등 의 를 을 은 는 가 에 와 과".split()
)


def without_edges(tokens: Sequence[str]) -> list[str]:
    """The tokens without stop words and lone digits at either end."""
    kept = list(tokens)
    while kept and _empty(kept[0]):
        del kept[0]
    while kept and _empty(kept[-1]):
        del kept[-1]
    return kept


def _empty(token: str) -> bool:
    return token in STOP_WORDS or token.isdigit()
