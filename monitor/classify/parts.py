"""The parts of a classifier, each fitted by itself: words with their spelling, concepts, vectors of an encoder.

All are scikit-learn's estimators; `coefficients`, `intercepts` and `exported` give what scoring needs of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.classify.artefact import Network
from monitor.classify.concepts import Lexicon
from monitor.classify.encoder import DIMENSIONS
from monitor.classify.features import PIECES, PIECES_COUNT, prepare, spelled
from monitor.domain import Text

STRENGTH = 3.0  # C of the logistic regressions
TOLERANCE = (
    1e-2  # when they are done: what LIBLINEAR itself takes; a hundredth of it changes no answer and takes longer
)
TOPIC_STRENGTH = 4.0
CONCEPT_STRENGTH = 0.3  # few features that stand for many words: each is held short
LEAST_FOR_CONCEPTS = 5
LEAST_FOR_PIECES = 5
LEAST_DOCUMENTS = 2  # a word of a single example is a name, not a sign
HIDDEN = 128
EPOCHS = 15
DECAY = 1.0  # of the network's weights

_WORDS: dict[str, Any] = {"token_pattern": r"\S+", "lowercase": False, "ngram_range": (1, 2)}
_CONCEPTS: dict[str, Any] = {"token_pattern": r"\S+", "lowercase": False, "binary": True}
_SPELLING: dict[str, Any] = {"analyzer": "char_wb", "lowercase": False, "ngram_range": PIECES}

Matrix = npt.NDArray[np.float64]
Truth = npt.NDArray[np.int_]
Vectors = npt.NDArray[np.float32]


def fit_words(prepared: Sequence[str], truth: Truth, importance: Matrix) -> tuple[Any, Any, Any, list[Any]]:
    """Vectorisers of words with their pairs and of pieces of words, the features they make, and a model a tag on those.

    Features, (len(prepared), V + P), sparse: pieces are scaled as if no two words shared any. Then a text's score is
    the sum of its words', and each word's is computed once.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(**_WORDS, min_df=LEAST_DOCUMENTS, sublinear_tf=True)
    spelling = TfidfVectorizer(**_SPELLING, min_df=LEAST_FOR_PIECES, norm=None)
    of_words, pieces = words.fit_transform(prepared), spelling.fit_transform([spelled(one) for one in prepared])
    features = side_by_side(of_words, pieces, spelling.idf_)
    return words, spelling, features, linear(STRENGTH, features, truth, importance)


def side_by_side(words: Any, pieces: Any, idf: Matrix) -> Any:
    from scipy.sparse import diags_array, hstack

    length = np.sqrt(np.maximum(pieces @ idf, 1e-12))
    return hstack([words, diags_array(PIECES_COUNT / length) @ pieces]).tocsr()


def concepts_of(lexicon: Lexicon, texts: Sequence[Text], prepared: Sequence[str]) -> list[str]:
    """The names of the concepts that each text touches, and of their pairs, separated by blanks."""
    titles = [prepare(Text(title=text.title)) for text in texts]
    return [" ".join(lexicon.features(title, whole)) for title, whole in zip(titles, prepared, strict=True)]


def fit_concepts(touched: Sequence[str], truth: Truth, importance: Matrix) -> tuple[Any, list[Any]]:
    """Which concepts count, and a model a tag on them."""
    from sklearn.feature_extraction.text import CountVectorizer

    concepts = CountVectorizer(**_CONCEPTS, min_df=LEAST_FOR_CONCEPTS)
    return concepts, linear(CONCEPT_STRENGTH, concepts.fit_transform(touched).astype(float), truth, importance)


def concept_counts(touched: Sequence[str]) -> Any:
    """Which of the concepts that count each text touches: sparse, (len(touched), C)."""
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(**_CONCEPTS, min_df=LEAST_FOR_CONCEPTS).fit_transform(touched).astype(float)


def features_by_fold(prepared: Sequence[str]) -> Callable[[npt.NDArray[np.bool_]], Any]:
    """The features of all texts as `fit_words` would make them of `rest`, whatever that is; words are cut up once."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

    words = CountVectorizer(**_WORDS).fit_transform(prepared)
    pieces = CountVectorizer(**_SPELLING).fit_transform([spelled(one) for one in prepared])

    def weighed(counts: Any, rest: npt.NDArray[np.bool_], least: int, tfidf: Any) -> tuple[Any, Matrix]:
        part = counts[:, np.asarray((counts[rest] > 0).sum(axis=0)).ravel() >= least]
        tfidf.fit(part[rest])
        return tfidf.transform(part), tfidf.idf_

    def features(rest: npt.NDArray[np.bool_]) -> Any:
        of_words, _ = weighed(words, rest, LEAST_DOCUMENTS, TfidfTransformer(sublinear_tf=True))
        return side_by_side(of_words, *weighed(pieces, rest, LEAST_FOR_PIECES, TfidfTransformer(norm=None)))

    return features


def linear(strength: float, features: Any, truth: Truth, importance: Matrix) -> list[Any]:
    """One logistic regression for each column of `truth`."""
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression

    one = LogisticRegression(C=strength, class_weight="balanced", solver="liblinear", tol=TOLERANCE, random_state=0)
    if (truth.sum(axis=0) == 0).any():
        raise ValueError("a topic without examples: write some, or take it out of the taxonomy")
    fitted = [clone(one).fit(features, column, sample_weight=importance) for column in truth.T]
    for model in fitted:
        model.coef_ = model.coef_.astype(np.float32)  # half the bytes, the same answers
    return fitted


def with_concepts(vectors: Vectors, lexicon: Lexicon, prepared: Sequence[str]) -> Vectors:
    """The network's inputs: vectors of titles and wholes, (n, 2, D), each with the concepts that the whole touches."""
    touched = lexicon.told(prepared)
    return np.concatenate([vectors, np.stack([touched, touched], axis=1)], axis=2)


def fit_network(dense: Vectors, truth: Truth, importance: Matrix) -> Any:
    """A network of one hidden layer that gives all tags at once, of titles and of whole texts, (len(truth), 2, D)."""
    from sklearn.compose import ColumnTransformer
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    layers = MLPClassifier(
        (HIDDEN,), alpha=DECAY, learning_rate_init=2e-3, batch_size=256, max_iter=EPOCHS, random_state=0
    )
    scaled = ColumnTransformer([("vector", StandardScaler(), list(range(DIMENSIONS)))], remainder="passthrough")
    pipeline = make_pipeline(scaled, layers)
    more = (dense[:, 0] != dense[:, 1]).any(axis=1)
    shown, wanted = np.concatenate([dense[:, 0], dense[more, 1]]), np.concatenate([truth, truth[more]])
    with _until_the_last_epoch(), threadpool_limits(1):  # threads that wait for one another cost more than they save
        pipeline.fit(shown, wanted, mlpclassifier__sample_weight=np.concatenate([importance, importance[more]]))
    layers._optimizer = None  # its moments are needed for more epochs only
    return pipeline


def _until_the_last_epoch() -> Any:
    """Stopping after a fixed number of epochs is meant, so the warning about it says nothing."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    return warnings.catch_warnings(action="ignore", category=ConvergenceWarning)


def exported(network: Any) -> Network:
    """The network with the scaling of its input folded into its first layer."""
    scaler, layers = network[0].named_transformers_["vector"], network[1]
    first, last = layers.coefs_
    first = np.concatenate([first[:DIMENSIONS] / scaler.scale_[:, None], first[DIMENSIONS:]])
    return Network(
        hidden=first.astype(np.float32),
        hidden_bias=layers.intercepts_[0] - scaler.mean_ @ first[:DIMENSIONS],
        out=last.astype(np.float32),
        out_bias=layers.intercepts_[1],
    )


def coefficients(models: Sequence[Any]) -> npt.NDArray[np.float32]:
    return np.stack([one.coef_[0] for one in models], axis=1).astype(np.float32)


def intercepts(models: Sequence[Any]) -> Matrix:
    return np.array([float(one.intercept_[0]) for one in models])
