"""The tagging process: started when needed, shared, replaced, ended; and a damaged classifier refused."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor import i18n, resources
from monitor.classify.artefact import describe, load_pipeline, load_weights, save
from monitor.classify.concepts import read
from monitor.classify.examples import LabelledText
from monitor.classify.tagger import Tagger
from monitor.classify.train import train
from monitor.domain import Tag, Text
from monitor.errors import ArtefactError

LEXICON = read(resources.path("seeds/lexicon.yaml"))
MADE = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = [Text(title="Dockers strike closes port"), Text(title="码头工人罢工，港口停摆"), Text(title="Bakery opens")]


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of a few sentences, saved as any other."""
    words = {
        "supply_chain": "dockers strike closes port",
        "geopolitical": "sanctions on envoys",
        "compliance": "data fine",
    }
    examples = [
        LabelledText(text=Text(title=f"{title} {n}x"), labels=(Tag(tag),), topics=(f"{tag}.t",))
        for tag, title in words.items()
        for n in range(12)
    ] + [LabelledText(text=Text(title=f"bakery opens shop {n}x"), labels=()) for n in range(30)]
    trained = train(examples, [f"{tag}.t" for tag in words], lexicon=LEXICON, progress=lambda _: None)
    folder = tmp_path_factory.mktemp("model")
    save(folder, trained.weights, trained.pipeline, dict(trained.facts), made=MADE)
    return folder


@pytest.fixture
def tagger(small_model: Path, tmp_path: Path) -> Iterator[Tagger]:
    found = Tagger(model_dir=lambda: small_model, socket=tmp_path / "tagger.sock", idle_s=60)
    yield found
    found.close()
    (tmp_path / "tagger.sock").unlink(missing_ok=True)


def process_of(tmp_path: Path) -> list[int]:
    """The processes that serve the socket in `tmp_path`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "monitor.classify.tagger" in command and str(tmp_path / "tagger.sock") in command:
            found.append(int(folder.name))
    return found


def until(holds: Callable[[], object], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_it_judges_in_a_process_of_its_own(tagger: Tagger, tmp_path: Path) -> None:
    said = tagger.judge(TEXTS)
    assert said[0].labels == (Tag.SUPPLY_CHAIN,)
    assert len(said) == len(TEXTS)
    assert len(process_of(tmp_path)) == 1
    assert (tmp_path / "tagger.sock").stat().st_mode & 0o077 == 0


def test_many_clients_share_one_process(small_model: Path, tmp_path: Path) -> None:
    answers: list[int] = []

    def ask() -> None:
        one = Tagger(model_dir=lambda: small_model, socket=tmp_path / "tagger.sock", idle_s=60)
        answers.append(len(one.judge(TEXTS * 300)))
        one.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [900] * 4
    assert until(lambda: len(process_of(tmp_path)) == 1)


def test_a_killed_process_is_started_again(tagger: Tagger, tmp_path: Path) -> None:
    tagger.judge(TEXTS)
    os.kill(process_of(tmp_path)[0], signal.SIGKILL)
    assert len(tagger.judge(TEXTS)) == len(TEXTS)


def test_it_ends_when_idle_and_with_its_folder(small_model: Path, tmp_path: Path) -> None:
    short = Tagger(model_dir=lambda: small_model, socket=tmp_path / "tagger.sock", idle_s=0.1)
    short.judge(TEXTS)
    assert until(lambda: not process_of(tmp_path))
    longer = Tagger(model_dir=lambda: small_model, socket=tmp_path / "tagger.sock", idle_s=600)
    longer.judge(TEXTS)
    assert process_of(tmp_path)
    (tmp_path / "tagger.sock").unlink()
    assert until(lambda: not process_of(tmp_path))


def test_another_model_takes_over(small_model: Path, tmp_path: Path) -> None:
    first = Tagger(model_dir=lambda: small_model, socket=tmp_path / "tagger.sock", idle_s=60)
    other = Tagger(model_dir=lambda: resources.path("models"), socket=tmp_path / "tagger.sock", idle_s=60)
    versions = [tagger.judge(TEXTS)[0].model for tagger in (first, other, first)]
    assert versions[0] == versions[2] != versions[1]
    assert len(process_of(tmp_path)) == 1


def test_a_long_path_finds_a_short_one(small_model: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    tagger = Tagger(model_dir=lambda: small_model, socket=deep / "tagger.sock", idle_s=0.1)
    assert len(tagger.judge(TEXTS)) == len(TEXTS)


def test_nothing_to_judge_starts_nothing(tagger: Tagger, tmp_path: Path) -> None:
    assert tagger.judge([]) == []
    assert process_of(tmp_path) == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "weights.npz").write_bytes(b"PK\x05\x06"), "digest differs"),
        (lambda folder: (folder / "weights.npz").unlink(), "cannot be read"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "damaged"),
        (lambda folder: (folder / "manifest.json").unlink(), "no classifier"),
        (lambda folder: (folder / "manifest.json").write_text('{"format": 99}'), "another version"),
    ],
)
def test_a_damaged_classifier_is_refused_with_what_to_do(
    small_model: Path, tmp_path: Path, damage: Callable[[Path], object], told: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in small_model.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    damage(folder)
    tagger = Tagger(model_dir=lambda: folder, socket=tmp_path / "tagger.sock", idle_s=60)
    with pytest.raises(ArtefactError, match=f"{told}.*monitor train"):
        tagger.judge(TEXTS)
    (tmp_path / "tagger.sock").unlink()


def test_the_one_process_tells_each_client_in_its_language(tmp_path: Path) -> None:
    tagger = Tagger(model_dir=lambda: tmp_path / "none", socket=tmp_path / "tagger.sock", idle_s=60)
    try:
        for language, told in (("en", "no classifier"), ("zh", "没有分类器"), ("en", "no classifier")):
            i18n.use(language)
            with pytest.raises(ArtefactError, match=told):
                tagger.judge(TEXTS)
    finally:
        i18n.use("en")
        (tmp_path / "tagger.sock").unlink()


def test_a_pipeline_of_foreign_types_is_refused(small_model: Path, tmp_path: Path) -> None:
    import collections
    from hashlib import sha256

    import skops.io

    for file in small_model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    foreign = skops.io.dumps({"words": collections.Counter}, compression=0)
    (tmp_path / "pipeline.skops").write_bytes(foreign)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["files"]["pipeline.skops"] = sha256(foreign).hexdigest()
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtefactError, match="types we do not know"):
        load_pipeline(tmp_path)


def test_what_was_saved_is_loaded(small_model: Path) -> None:
    weights = load_weights(small_model)
    assert weights.tag_weights.shape == (len(weights.vocabulary) + len(weights.pieces), 3)
    assert set(load_pipeline(small_model)) == {
        "words",
        "pieces",
        "tags",
        "concepts",
        "tags_by_concepts",
        "topics",
        "network",
    }
    assert "examples" in describe(small_model)


def test_the_same_classifier_gives_the_same_bytes(tmp_path: Path) -> None:
    examples = [
        LabelledText(text=Text(title=f"{word} {n}x"), labels=(Tag(tag),), topics=(f"{tag}.t",))
        for tag, word in zip(Tag, ("sanctions listed", "regulator fines", "port closed"), strict=True)
        for n in range(10)
    ] + [LabelledText(text=Text(title=f"cake recipe {n}x"), labels=()) for n in range(10)]
    kept = []
    for name in ("one", "other"):
        trained = train(examples, [f"{tag}.t" for tag in Tag], lexicon=LEXICON, progress=lambda _: None)
        save(tmp_path / name, trained.weights, trained.pipeline, dict(trained.facts), made=MADE)
        kept.append({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()})
    assert kept[0] == kept[1]
