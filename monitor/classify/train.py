"""From labelled texts to a classifier of three parts: logistic regressions over words and over the concepts of a
lexicon, a small network over an encoder's vectors.

All parts score texts of writers they have not seen (five folds); on those scores each tier's probability is
fitted: Platt's sigmoid over words and concepts, and over all three parts (Platt 1999; isotonic
regression overfits so few). Thresholds are those of the best F1 on the same scores, with harmless
texts weighed up to the share they have in real news.
Source: 001#II (the kinds of risk that going abroad meets)
"""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.classify.adapter import tuned_on
from monitor.classify.artefact import Network, Weights
from monitor.classify.concepts import Lexicon
from monitor.classify.features import PIECES, PIECES_COUNT, prepare, spelled
from monitor.classify.predict import EXACT, FAST, PARTS, TIERS
from monitor.domain import TAGS, Tag, Text
from monitor.errors import ConfigError

FOLDS = 5
HARMLESS_SHARE = 0.7  # of what a news feed carries
STRENGTH = 8.0  # C of the logistic regressions, by cross-validation
TOPIC_STRENGTH = 4.0
CONCEPT_STRENGTH = 0.3  # few features that stand for many words: each is held short
LEAST_FOR_CONCEPTS = 5
LEAST_FOR_PIECES = 5
LEAST_DOCUMENTS = 2  # a word of a single example is a name, not a sign
HIDDEN = 128
EPOCHS = 15
DECAY = 1.0  # of the network's weights
NEARLY = 0.01  # F1 that counts as no difference
LOST_TO_SPEED = 0.005  # macro-F1 that the cascade may cost

_WORDS: dict[str, Any] = {"token_pattern": r"\S+", "lowercase": False, "ngram_range": (1, 2)}
_CONCEPTS: dict[str, Any] = {"token_pattern": r"\S+", "lowercase": False, "binary": True}
_SPELLING: dict[str, Any] = {"analyzer": "char_wb", "lowercase": False, "ngram_range": PIECES}

Matrix = npt.NDArray[np.float64]
Truth = npt.NDArray[np.int_]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledText:
    """A text with what is right of it; `weight` counts a person's verdict for more."""

    text: Text
    labels: tuple[Tag, ...]
    topics: tuple[str, ...] = ()
    language: str = ""
    weight: float = 1.0
    group: str = ""  # who wrote it: folds are made of whole groups, so that scores are of another hand's texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A trained classifier: weights for scoring, estimators of scikit-learn as bytes, facts for its manifest."""

    weights: Weights
    pipeline: bytes
    facts: Mapping[str, Any]


def read_labels(file: Path) -> list[LabelledText]:
    """The labelled texts of a JSON Lines file. Raises: ConfigError that names file and line."""
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entry = json.loads(line)
            found.append(
                LabelledText(
                    text=Text(title=entry["title"], summary=entry.get("summary", ""), language=entry["lang"]),
                    labels=tuple(Tag(tag) for tag in entry["labels"]),
                    topics=tuple(entry.get("topics", ())),
                    language=entry["lang"],
                    group=entry["id"].rpartition("-")[0],
                )
            )
        except (ValueError, KeyError, TypeError) as problem:
            raise ConfigError(f"{file}, line {number}: {problem!r}") from problem
    return found


def train(
    examples: Sequence[LabelledText],
    topics: Sequence[str],
    *,
    lexicon: Lexicon,
    vectors: npt.NDArray[np.float32] | None = None,
    encoder: str = "",
    adapter: bytes = b"",
    progress: Callable[[str], None],
) -> Trained:
    """A classifier of `examples`. The same examples in any order give the same classifier.

    `vectors`, (len(examples), 2, D), are the encoder's of each example's title and of its whole; without them only
    the fast tier is trained.
    What an `adapter` was tuned on says nothing of unseen texts, so probabilities and thresholds come from the rest.
    Raises: ValueError when a tag has fewer examples than there are folds.
    """
    order = sorted(range(len(examples)), key=lambda n: _digest(examples[n]))
    examples = [examples[n] for n in order]
    dense = np.zeros((len(examples), 2, 0), np.float32) if vectors is None else vectors[order]
    prepared = [prepare(example.text) for example in examples]
    touched = concepts_of(lexicon, [example.text for example in examples], prepared)
    truth = np.array([[tag in example.labels for tag in TAGS] for example in examples], dtype=int)
    importance = np.array([example.weight for example in examples])
    if (truth.sum(axis=0) < FOLDS).any():
        raise ValueError(f"each tag needs at least {FOLDS} examples")
    progress("scores on unseen folds")
    known = tuned_on(adapter) if adapter else frozenset()
    fresh = np.array([example.group not in known for example in examples])
    fold = np.full(len(examples), -1)
    fold[fresh] = _folds([example.group for example, is_fresh in zip(examples, fresh, strict=True) if is_fresh])
    unseen, judged = _unseen_scores(prepared, touched, dense, truth, importance, fold)[fresh], truth[fresh]
    mix, shift = _mixed(unseen, judged)
    chances = 1 / (1 + np.exp(-(np.einsum("npk,tpk->tnk", unseen, mix) + shift[:, None, :])))
    usual = _as_in_news(judged)
    thresholds = np.array([[best_threshold(p, t, usual) for p, t in _by_tag(c, judged)] for c in chances])
    progress("the final model")
    words, spelling, tag_models = _fit_words(prepared, truth, importance)
    concepts, concept_models = _fit_concepts(touched, truth, importance)
    topic_truth = np.array([[topic in example.topics for topic in topics] for example in examples], dtype=int)
    topic_models = _linear(TOPIC_STRENGTH, words.transform(prepared), topic_truth, importance)
    network = _fit_network(dense, truth, importance) if vectors is not None else None
    weights = Weights(
        vocabulary=tuple(str(word) for word in words.get_feature_names_out()),
        idf=words.idf_,
        pieces=tuple(str(piece) for piece in spelling.get_feature_names_out()),
        pieces_idf=spelling.idf_,
        tag_weights=_coefficients(tag_models),
        tag_bias=_intercepts(tag_models),
        lexicon=lexicon,
        concepts=tuple(str(name) for name in concepts.get_feature_names_out()),
        concept_weights=_coefficients(concept_models),
        concept_bias=_intercepts(concept_models),
        network=_exported(network) if network is not None else None,
        mix=mix,
        shift=shift,
        thresholds=thresholds,
        ask_from=_ask_from(chances, thresholds, judged),
        topics=tuple(topics),
        topic_weights=_coefficients(topic_models),
        topic_bias=_intercepts(topic_models),
        encoder=encoder if vectors is not None else "",
        adapter=adapter if vectors is not None else b"",
    )
    parts = {
        "words": words,
        "pieces": spelling,
        "tags": tag_models,
        "concepts": concepts,
        "tags_by_concepts": concept_models,
        "topics": topic_models,
        "network": network,
    }
    return Trained(weights=weights, pipeline=_packed(parts), facts=_facts(examples, truth, judged, chances, thresholds))


def _packed(parts: Mapping[str, Any]) -> bytes:
    import skops.io

    return bytes(skops.io.dumps(parts, compression=zipfile.ZIP_DEFLATED, compresslevel=9))


def best_threshold(probabilities: Matrix, truth: Truth, importance: Matrix) -> float:
    """The lowest threshold of nearly the best weighted F1 on unseen texts, in steps of 0.01 from 0.05 to 0.95."""
    steps = np.arange(0.05, 0.951, 0.01)
    f1 = []
    for step in steps:
        said = probabilities >= step
        hit = float((importance * (said & (truth == 1))).sum())
        f1.append(2 * hit / max(float((importance * said).sum() + (importance * truth).sum()), 1e-9))
    smooth = np.convolve(np.pad(f1, 2, mode="edge"), np.ones(5) / 5, mode="valid")  # a plateau, not a peak
    nearly = np.flatnonzero(smooth >= smooth.max() - NEARLY)  # of equals the lowest: a missed risk costs more
    return float(round(steps[nearly[0]], 2))


def _as_in_news(truth: Truth) -> Matrix:
    """Weights that give harmless texts the share they have in real news."""
    harmless = truth.sum(axis=1) == 0
    share = harmless.mean()
    found: Matrix = np.where(harmless, HARMLESS_SHARE / max(share, 1e-9), (1 - HARMLESS_SHARE) / max(1 - share, 1e-9))
    return found


def _by_tag(values: Matrix, truth: Truth) -> zip[tuple[Matrix, Truth]]:
    return zip(values.T, truth.T, strict=True)


def _ask_from(chances: Matrix, thresholds: Matrix, truth: Truth) -> float:
    """The highest fast probability below which the encoder need not be asked: what it costs is next to nothing."""
    whole = _macro_f1(chances[EXACT], thresholds[EXACT], truth)
    found = 0.0
    for cut in np.arange(0.01, 0.31, 0.01):
        asked = chances[FAST].max(axis=1) >= cut
        if _macro_f1(chances[EXACT] * asked[:, None], thresholds[EXACT], truth) < whole - LOST_TO_SPEED:
            break
        found = float(round(cut, 2))
    return found


def _macro_f1(chances: Matrix, thresholds: Matrix, truth: Truth) -> float:
    return float(_scores(truth, chances, thresholds)["macro_f1"])


# --- the parts -------------------------------------------------------------------------------


def _fit_words(prepared: Sequence[str], truth: Truth, importance: Matrix) -> tuple[Any, Any, list[Any]]:
    """Vectorisers of words with their pairs and of pieces of words, and a model a tag on both."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(**_WORDS, min_df=LEAST_DOCUMENTS, sublinear_tf=True)
    spelling = TfidfVectorizer(**_SPELLING, min_df=LEAST_FOR_PIECES, norm=None)
    words.fit(prepared)
    spelling.fit([spelled(one) for one in prepared])
    return words, spelling, _linear(STRENGTH, features_of(words, spelling, prepared), truth, importance)


def features_of(words: Any, spelling: Any, prepared: Sequence[str]) -> Any:
    """What the tags' models see, (len(prepared), V + P), sparse.

    Pieces are scaled as if no two words shared any: then a text's score is the sum of its words', and each
    word's is computed once.
    """
    pieces = spelling.transform([spelled(one) for one in prepared])
    return _side_by_side(words.transform(prepared), pieces, spelling.idf_)


def _side_by_side(words: Any, pieces: Any, idf: Matrix) -> Any:
    from scipy.sparse import diags_array, hstack

    length = np.sqrt(np.maximum(pieces @ idf, 1e-12))
    return hstack([words, diags_array(PIECES_COUNT / length) @ pieces]).tocsr()


def concepts_of(lexicon: Lexicon, texts: Sequence[Text], prepared: Sequence[str]) -> list[str]:
    """The names of the concepts that each text touches, and of their pairs, separated by blanks."""
    titles = [prepare(Text(title=text.title)) for text in texts]
    return [" ".join(lexicon.features(title, whole)) for title, whole in zip(titles, prepared, strict=True)]


def _fit_concepts(touched: Sequence[str], truth: Truth, importance: Matrix) -> tuple[Any, list[Any]]:
    """Which concepts count, and a model a tag on them."""
    from sklearn.feature_extraction.text import CountVectorizer

    concepts = CountVectorizer(**_CONCEPTS, min_df=LEAST_FOR_CONCEPTS)
    return concepts, _linear(CONCEPT_STRENGTH, concepts.fit_transform(touched).astype(float), truth, importance)


def _features_by_fold(prepared: Sequence[str]) -> Callable[[npt.NDArray[np.bool_]], Any]:
    """The features of all texts as `_fit_words` would make them of `rest`, whatever that is; words are cut up once."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

    words = CountVectorizer(**_WORDS).fit_transform(prepared)
    pieces = CountVectorizer(**_SPELLING).fit_transform([spelled(one) for one in prepared])

    def weighed(counts: Any, rest: npt.NDArray[np.bool_], least: int, tfidf: Any) -> tuple[Any, Matrix]:
        part = counts[:, np.asarray((counts[rest] > 0).sum(axis=0)).ravel() >= least]
        tfidf.fit(part[rest])
        return tfidf.transform(part), tfidf.idf_

    def features(rest: npt.NDArray[np.bool_]) -> Any:
        of_words, _ = weighed(words, rest, LEAST_DOCUMENTS, TfidfTransformer(sublinear_tf=True))
        return _side_by_side(of_words, *weighed(pieces, rest, LEAST_FOR_PIECES, TfidfTransformer(norm=None)))

    return features


def _linear(strength: float, features: Any, truth: Truth, importance: Matrix) -> list[Any]:
    """One logistic regression for each column of `truth`."""
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression

    one = LogisticRegression(C=strength, class_weight="balanced", solver="liblinear", random_state=0)
    if (truth.sum(axis=0) == 0).any():
        raise ValueError("a topic without examples: write some, or take it out of the taxonomy")
    fitted = [clone(one).fit(features, column, sample_weight=importance) for column in truth.T]
    for model in fitted:
        model.coef_ = model.coef_.astype(np.float32)  # half the bytes, the same answers
    return fitted


def _fit_network(dense: npt.NDArray[np.float32], truth: Truth, importance: Matrix) -> Any:
    """A network of one hidden layer that gives all tags at once, of titles and of whole texts, (len(truth), 2, D)."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    layers = MLPClassifier(
        (HIDDEN,), alpha=DECAY, learning_rate_init=2e-3, batch_size=256, max_iter=EPOCHS, random_state=0
    )
    pipeline = make_pipeline(StandardScaler(), layers)
    more = (dense[:, 0] != dense[:, 1]).any(axis=1)
    shown, wanted = np.concatenate([dense[:, 0], dense[more, 1]]), np.concatenate([truth, truth[more]])
    with _until_the_last_epoch():
        pipeline.fit(shown, wanted, mlpclassifier__sample_weight=np.concatenate([importance, importance[more]]))
    layers._optimizer = None  # its moments are needed for more epochs only
    return pipeline


def _until_the_last_epoch() -> Any:
    """Stopping after a fixed number of epochs is meant, so the warning about it says nothing."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    return warnings.catch_warnings(action="ignore", category=ConvergenceWarning)


def _exported(network: Any) -> Network:
    """The network with the scaling of its input folded into its first layer."""
    scaler, layers = network[0], network[1]
    first, last = layers.coefs_
    scaled = first / scaler.scale_[:, None]
    return Network(
        hidden=scaled.astype(np.float32),
        hidden_bias=layers.intercepts_[0] - scaler.mean_ @ scaled,
        out=last.astype(np.float32),
        out_bias=layers.intercepts_[1],
    )


def _folds(groups: Sequence[str]) -> Truth:
    """The fold of each example: whole groups, the largest first into the emptiest fold; one group by turns."""
    sizes = Counter(groups)
    if len(sizes) == 1:
        return np.arange(len(groups)) % FOLDS  # examples are sorted by digest, so this is a fixed shuffle
    fold_of: dict[str, int] = {}
    filled = [0] * FOLDS
    for group, size in sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0])):
        fold_of[group] = filled.index(min(filled))
        filled[fold_of[group]] += size
    return np.array([fold_of[group] for group in groups])


def _unseen_scores(
    prepared: Sequence[str], touched: Sequence[str], dense: Any, truth: Truth, importance: Matrix, fold: Truth
) -> Matrix:
    """The scores of every example by parts that have not seen it: (examples, 3 parts, 3 tags)."""
    from sklearn.feature_extraction.text import CountVectorizer

    scores = np.zeros((len(prepared), PARTS, len(TAGS)))
    features_by = _features_by_fold(prepared)
    concepts = CountVectorizer(**_CONCEPTS, min_df=LEAST_FOR_CONCEPTS).fit_transform(touched).astype(float)
    for number in range(fold.max() + 1):
        rest, held = fold != number, fold == number
        features = features_by(rest)
        models = _linear(STRENGTH, features[rest], truth[rest], importance[rest])
        scores[held, 0] = features[held] @ _coefficients(models).astype(float) + _intercepts(models)
        models = _linear(CONCEPT_STRENGTH, concepts[rest], truth[rest], importance[rest])
        scores[held, 1] = concepts[held] @ _coefficients(models).astype(float) + _intercepts(models)
        if dense.shape[2]:
            network = _fit_network(dense[rest], truth[rest], importance[rest])
            scores[held, 2] = _exported(network).scores(dense[held]).mean(axis=1)
    return scores


def _mixed(unseen: Matrix, truth: Truth) -> tuple[Matrix, Matrix]:
    """How much each part counts in each tier, and the shift, so that the sum is a log-odds: (2, 3, 3) and (2, 3)."""
    from sklearn.linear_model import LogisticRegression

    importance = _as_in_news(truth)
    mix, shift = np.zeros((2, PARTS, len(TAGS))), np.zeros((2, len(TAGS)))
    for tier, parts in ((FAST, PARTS - 1), (EXACT, PARTS)):
        for tag in range(len(TAGS)):
            one = LogisticRegression(C=1e3).fit(unseen[:, :parts, tag], truth[:, tag], sample_weight=importance)
            mix[tier, :parts, tag] = one.coef_[0]
            shift[tier, tag] = one.intercept_[0]
    return mix, shift


def _coefficients(models: Sequence[Any]) -> npt.NDArray[np.float32]:
    return np.stack([one.coef_[0] for one in models], axis=1).astype(np.float32)


def _intercepts(models: Sequence[Any]) -> Matrix:
    return np.array([float(one.intercept_[0]) for one in models])


# --- what the manifest says ---------------------------------------------------------------------


def _facts(
    examples: Sequence[LabelledText], truth: Truth, judged: Truth, chances: Matrix, thresholds: Matrix
) -> dict[str, Any]:
    import sklearn

    languages = sorted({example.language for example in examples})
    return {
        "examples": len(examples),
        "harmless": int((truth.sum(axis=1) == 0).sum()),
        "languages": {lang: sum(example.language == lang for example in examples) for lang in languages},
        "training_digest": blake2b("\n".join(_digest(e) for e in examples).encode(), digest_size=16).hexdigest(),
        "unseen": len(judged),
        "scores": {name: _scores(judged, chances[tier], thresholds[tier]) for tier, name in enumerate(TIERS)},
        "libraries": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
    }


def _scores(truth: Truth, chances: Matrix, thresholds: Matrix) -> dict[str, Any]:
    """Cross-validated figures of one tier, harmless texts weighed as in news."""
    importance = _as_in_news(truth)
    per_tag = {}
    for column, tag in enumerate(TAGS):
        said = chances[:, column] >= thresholds[column]
        right = truth[:, column] == 1
        hit = float(importance[said & right].sum())
        precision, recall = hit / max(float(importance[said].sum()), 1e-9), hit / float(importance[right].sum())
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        per_tag[tag.value] = {
            "examples": int(right.sum()),
            "precision": round(precision, 4),
            "recall": round(recall, 4),
            "f1": round(f1, 4),
            "threshold": float(thresholds[column]),
        }
    return {"macro_f1": round(float(np.mean([t["f1"] for t in per_tag.values()])), 4), "tags": per_tag}


def _digest(example: LabelledText) -> str:
    said = [example.text.title, example.text.summary, *sorted(example.labels), *sorted(example.topics)]
    return blake2b(json.dumps(said, ensure_ascii=False).encode(), digest_size=16).hexdigest()
