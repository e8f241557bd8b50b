"""What the classifier learns from: every topic and label traceable, balanced, and varied."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor import resources
from monitor.classify.taxonomy import Sources, Topic, load_sources, load_taxonomy
from monitor.domain import TAGS, Tag
from monitor.errors import ConfigError
from monitor.i18n import translator
from monitor.notify.words import TOPICS
from monitor.text.gazetteer import gazetteer

PERMUTATIONS = 64  # of a MinHash
UNSPACED = ("zh", "ja", "th")
EVERYWHERE = {"US", "CN", "EU", "RU", "IN", "YE"}  # the codebook says why
CODEBOOK = (Path(__file__).parents[2] / "docs" / "codebook.md").read_text("utf-8")
LATIN_NAMES = set(
    "steel oil crude gas lng coal copper aluminium aluminum nickel lithium cobalt tin zinc chips semiconductors wheat"
    " soy soybean rice sugar coffee cocoa cotton fertiliser fertilizer potash timber beef pork fish gold"
    " huawei tiktok tesla apple google amazon nvidia maersk boeing airbus samsung byd volkswagen toyota nestle shell"
    " microsoft intel siemens basf foxconn catl alibaba tencent temu shein".split()
)
HAN_NAMES = set(
    "钢铁 石油 原油 天然气 煤炭 铜 铝 镍 锂 芯片 半导体 稀土 石墨 小麦 大豆 大米 咖啡 棉花 化肥 光伏 华为 苹果 特斯拉"
    " 谷歌 三星 比亚迪 丰田 大众汽车 宁德时代 阿里巴巴 腾讯".split()
)


@cache
def sources() -> Sources:
    return load_sources(resources.path("seeds/sources.yaml"))


@cache
def topics() -> tuple[Topic, ...]:
    return load_taxonomy(resources.path("seeds/taxonomy.yaml"), sources())


@cache
def labels() -> list[dict[str, Any]]:
    return [json.loads(line) for line in resources.path("seeds/labels.jsonl").read_text("utf-8").splitlines()]


def test_sources_resolve_without_the_documents() -> None:
    assert "local rules" in sources().resolve("001#II.1".replace("II.1", "II.2"))
    assert {reference[:3] for reference in sources().titles if "#" in reference} == {"000", "001", "002", "003", "004"}
    with pytest.raises(ConfigError, match="001#IX"):
        sources().resolve("001#IX")


def test_every_topic_has_a_name_in_both_languages() -> None:
    chinese = translator("zh")
    assert set(TOPICS) == {topic.id for topic in topics()}
    assert all(chinese.gettext(name) != name for name in TOPICS.values())


def test_every_label_is_traceable() -> None:
    known = {topic.id: topic for topic in topics()}
    for entry in labels():
        sources().resolve(entry["source"])
        tags = {Tag(label) for label in entry["labels"]}
        assert {known[topic].tag for topic in entry["topics"]} == tags, entry["id"]
        assert entry["severity"] in ((1, 2, 3) if tags else (0,)), entry["id"]


def test_ids_and_texts_are_used_once() -> None:
    assert max(Counter(entry["id"] for entry in labels()).values()) == 1
    assert max(Counter((entry["title"], entry["summary"]) for entry in labels()).values()) == 1


def test_every_topic_has_examples_in_chinese_and_english() -> None:
    counts = Counter((topic, entry["lang"]) for entry in labels() for topic in entry["topics"])
    thin = {
        topic.id: counts[topic.id, lang] for topic in topics() for lang in ("en", "zh") if counts[topic.id, lang] < 5
    }
    assert not thin


def test_half_is_harmless_and_a_third_is_chinese() -> None:
    harmless = sum(not entry["labels"] for entry in labels())
    assert harmless >= len(labels()) / 2
    assert sum(entry["lang"] == "zh" for entry in labels()) >= len(labels()) / 3


def test_no_opening_is_a_cue() -> None:
    """No first four words (Chinese: first eight signs) in more than 0.5 % of the texts."""
    openings = Counter(
        entry["title"][:8] if entry["lang"] in UNSPACED else " ".join(entry["title"].lower().split()[:4])
        for entry in labels()
    )
    assert openings.most_common(1)[0][1] <= 0.005 * len(labels())


def test_no_country_is_a_cue() -> None:
    """None in more than 4 % of a tag's texts, nor twice as often as in harmless ones, but those of the codebook."""
    shares = shares_by_tag(
        lambda entry: {
            code
            for name in gazetteer(entry["lang"]).find(f"{entry['title']} . {entry['summary']}")
            for code in name.countries
            if name.kind != "hint"
        }
    )
    told = {code for code in EVERYWHERE if f"`{code}`" in CODEBOOK}
    assert told == EVERYWHERE
    assert not [found for found in shares if found[0] not in EVERYWHERE and is_cue(*found[1:])]


def test_no_company_or_commodity_is_a_cue() -> None:
    shares = shares_by_tag(lambda entry: names_in(f"{entry['title']} {entry['summary']}".lower()))
    assert not [found for found in shares if is_cue(*found[1:])]


def is_cue(share: float, harmless: float) -> bool:
    """Names in less than a fortieth of a tag are let be: a few texts more or less prove nothing."""
    return share > 0.04 or (share >= 0.025 and share > 2 * harmless + 0.002)


def shares_by_tag(names: Callable[[dict[str, Any]], set[str]]) -> list[tuple[str, float, float]]:
    """Each name with its share of a tag's texts and of the harmless ones."""
    texts: Counter[str] = Counter()
    with_name: Counter[tuple[str, str]] = Counter()
    for entry in labels():
        found = names(entry)
        for tag in entry["labels"] or ["none"]:
            texts[tag] += 1
            with_name.update((tag, name) for name in found)
    return [
        (name, count / texts[tag], with_name["none", name] / texts["none"])
        for (tag, name), count in with_name.items()
        if tag != "none"
    ]


def names_in(text: str) -> set[str]:
    return (LATIN_NAMES & set(re.findall(r"[a-z]+", text))) | {n for n in HAN_NAMES if n in text}


def test_near_copies_are_rare() -> None:
    """At most 2 % of the pairs within a topic and language share half of their word pairs (Jaccard, by MinHash)."""
    groups = defaultdict(list)
    for entry in labels():
        for topic in entry["topics"] or ["none"]:
            groups[topic, entry["lang"]].append(sketch_of(f"{entry['title']} {entry['summary']}"))
    pairs = alike = 0
    for sketches in groups.values():
        rows = np.stack(sketches)
        for at in range(1, len(rows)):
            alike += int(((rows[at] == rows[:at]).sum(axis=1) >= PERMUTATIONS // 2).sum())
        pairs += len(rows) * (len(rows) - 1) // 2
    assert alike <= 0.02 * pairs


@pytest.mark.parametrize(("kept", "alike"), [(9, True), (2, False)])
def test_the_sketches_tell_copies_from_others(kept: int, alike: bool) -> None:
    words = [f"word{number}" for number in range(40)]
    other = words[: 4 * kept] + [f"other{number}" for number in range(40 - 4 * kept)]
    same = (sketch_of(" ".join(words)) == sketch_of(" ".join(other))).sum()
    assert (same >= PERMUTATIONS // 2) == alike


def sketch_of(text: str) -> np.ndarray:
    """MinHash of a text's words and word pairs."""
    import rensa

    words = re.findall(r"[\u4e00-\u9fff]|\w+", text.lower())
    minhash = rensa.RMinHash(num_perm=PERMUTATIONS, seed=1)
    minhash.update(sorted({*words, *(f"{first} {second}" for first, second in pairwise(words))}))
    return np.array(minhash.digest(), dtype=np.uint32)


def test_the_texts_are_plain_lines() -> None:
    for entry in labels():
        for text in (entry["title"], entry["summary"]):
            assert text == " ".join(text.split()), entry["id"]
    assert set(TAGS) == {Tag(label) for entry in labels() for label in entry["labels"]}


def test_the_gate_shares_nothing_with_the_seeds() -> None:
    """No gate item shares half of its character trigrams with a training text; half are harmless, 60 critical."""
    from sklearn.feature_extraction.text import CountVectorizer

    gate = [json.loads(line) for line in resources.path("seeds/gate.jsonl").read_text("utf-8").splitlines()]
    assert len(gate) >= 600
    assert abs(sum(not entry["labels"] for entry in gate) / len(gate) - 0.5) < 0.05
    assert sum(entry["severity"] == 3 for entry in gate) >= 60
    trigrams = CountVectorizer(analyzer="char", ngram_range=(3, 3), binary=True)
    learnt = trigrams.fit_transform([f"{e['title']} {e['summary']}" for e in labels()]).astype("float32")
    tested = trigrams.transform([f"{e['title']} {e['summary']}" for e in gate]).astype("float32")
    shared = (tested @ learnt.T).tocoo()
    union = tested.sum(axis=1).A1[shared.row] + learnt.sum(axis=1).A1[shared.col] - shared.data
    assert (shared.data / union).max() < 0.5
