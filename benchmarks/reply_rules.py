"""The reply rules: how fast, how good; and the data in their lexicons that is fitted on labelled replies.

`python -m benchmarks.reply_rules` prints replies a second, of stripped text and of mails as received, beside
one big alternation of the English phrases, and the figures on tests/data/replies/tuning.csv.
`--weigh` writes scoring/lexicons/reply_words.yml anew, from every labelled reply that is not kept back.
`--calibrate` prints the points from strength to probability, fitted on replies that no phrase was made from.
"""

from __future__ import annotations

import csv
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import yaml
from scipy import optimize, sparse

from scoring import replies, reply_rules
from scoring.evaluation import Evaluation, evaluate
from scoring.lexicons import read_lexicon
from scoring.phrases import Words, tokens
from scoring.replies import INTENTS, POSITIVE, label, read_text
from scoring.reply_languages import ENGLISH, Language, languages, recognise
from scoring.reply_words import WordWeights, shapes, terms_of, weights_of
from scoring.text import newest_text

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests/data/replies"
PHRASES = ROOT / "tests/scoring/replies_by_intent.yml"
WEIGHTS = ROOT / "scoring/lexicons/reply_words.yml"
DAY = date(2025, 12, 22)
LEAST_COUNT, LEAST_WEIGHT, PENALTY = 3, 0.3, 0.6
ROUNDS, REPEATS = 7, 5
POINTS, FOLDS, SEED = 6, 10, 20261121


def texts(name: str) -> list[tuple[str, str]]:
    """Return (label, text as received) of a file of tests/data/replies."""
    with (DATA / f"{name}.csv").open(newline="") as file:
        return [(row["label"], row["text"]) for row in csv.DictReader(file)]


@dataclass(frozen=True)
class Read:
    """A labelled mail as the rules read it; `language` is None where it has no lexicon."""

    intent: str
    text: str
    words: Words
    language: Language | None

    @property
    def terms(self) -> Counter[str]:
        """What the weights of words are of."""
        language = self.language or languages()[ENGLISH]
        return terms_of(shapes(self.words.words, self.text, language))


def read(labelled: Iterable[tuple[str, str]]) -> list[Read]:
    """Read (label, text as received)."""
    found = []
    for intent, mail in labelled:
        text = newest_text(None, mail)
        written = tokens(text)
        code = recognise(written, text)
        language = languages()[code] if code else None
        found.append(Read(intent, text, (language or languages()[ENGLISH]).words_of(written), language))
    return found


def labelled() -> tuple[list[Read], list[Read]]:
    """Return the replies that phrases were made from, and those that phrases never saw."""
    listed = [
        (intent, text) for intent, found in yaml.safe_load(PHRASES.read_text()).items() for text in found
    ]
    with (DATA / "written.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    seen = [(row["label"], row["text"]) for row in rows if row["in_phrases"] == "true"]
    unseen = [(row["label"], row["text"]) for row in rows if row["in_phrases"] == "false"]
    return read([*texts("tuning"), *seen, *listed]), read(unseen)


def fit(replies: Sequence[Read]) -> WordWeights:
    """Fit the weights of words; small ones, and words of fewer than LEAST_COUNT replies, are left out."""
    found = [one.terms for one in replies]
    counts = Counter(term for terms in found for term in terms)  # by reply
    known = {term: n for n, term in enumerate(sorted(t for t, n in counts.items() if n >= LEAST_COUNT))}
    places = [
        (times, row, known[term])
        for row, terms in enumerate(found)
        for term, times in terms.items()
        if term in known
    ]
    times, rows, columns = map(np.array, zip(*places, strict=True))
    matrix = sparse.csr_matrix((times.astype(float), (rows, columns)), shape=(len(found), len(known)))
    bias, weights = _regress(matrix, np.array([INTENTS.index(one.intent) for one in replies]))
    kept = (
        (term, position, round(float(weight), 2))
        for term, n in known.items()
        for position, weight in enumerate(weights[n])
        if abs(weight) >= LEAST_WEIGHT
    )
    return weights_of(INTENTS, [round(float(one), 2) for one in bias], kept)


def weights_by_term(weights: WordWeights) -> list[tuple[str, int, float]]:
    """Return weights as (term, position of the intent, weight)."""
    pairs = [
        (f"{first} {second}", found)
        for first, followers in weights.followed.items()
        for second, found in followers.items()
    ]
    return [(term, *pair) for term, found in (*weights.words.items(), *pairs) for pair in found]


def weigh() -> None:
    """Fit the weights of words on all labelled replies, and write them."""
    seen, unseen = labelled()
    weights = fit([*seen, *unseen])
    lines = [WEIGHTS_HEAD.format(replies=len(seen) + len(unseen)), "bias:\n"]
    lines += [f"  {name}: {value}\n" for name, value in zip(weights.intents, weights.bias, strict=True)]
    lines.append("weights:\n")
    terms = sorted(weights_by_term(weights), key=lambda one: (-one[2], one[0]))
    for position, name in enumerate(weights.intents):
        lines.append(f"  {name}:\n")
        lines += [f"    {_quoted(term)}: {weight}\n" for term, at, weight in terms if at == position]
    WEIGHTS.write_text("".join(lines))
    print(f"{WEIGHTS.name}: {len(seen) + len(unseen)} replies, {len(terms)} weights")


Judged = tuple[Read, str, float | None]
"""A reply, the guess and its share of the likelihood; None where phrases settle it."""


def judged_unseen() -> list[Judged]:
    """Return replies as judged by phrases and words that were made without them."""
    seen, unseen = labelled()
    order = np.random.default_rng(SEED).permutation(len(unseen))
    judged: list[Judged] = []
    for fold in range(FOLDS):
        out = set(order[fold::FOLDS].tolist())
        weights = fit([*seen, *(one for n, one in enumerate(unseen) if n not in out)])
        for one in (unseen[n] for n in sorted(out)):
            if one.language and one.words.words:
                found = reply_rules.signals(one.words, one.language)
                judged.append((one, *replies.judge(found, one.words, one.text, one.language, weights)))
    return judged


def calibrate() -> None:
    """Print the points from share to probability, what an `unclear` is worth, and how good all that is."""
    judged = judged_unseen()
    settled = [one.intent == guess for one, guess, share in judged if share is None]
    print(f"settled_confidence: {np.mean(settled):.3f}  # {len(settled)} of {len(judged)} replies")
    open_ones = sorted((share, one.intent == guess) for one, guess, share in judged if share is not None)
    shares = np.array([share for share, _ in open_ones])
    fitted = optimize.isotonic_regression(np.array([is_right for _, is_right in open_ones], dtype=float)).x
    print("calibration:")
    for part in np.array_split(np.arange(len(open_ones)), POINTS):
        print(f"  - [{shares[part].mean():.3f}, {fitted[part].mean():.3f}]")
    doubtful = [one.intent == "unclear" for one, guess, share in judged if _is_doubtful(one, guess, share)]
    print(f"doubtful: {np.mean(doubtful):.2f}  # of {len(doubtful)}")
    wrong = [(one, guess, share) for one, guess, share in judged if _is_costly(one, guess, share)]
    print(f"wrongly taken for good news or an opt-out: {len(wrong)}")
    for one, guess, share in wrong:
        print(f"  {one.intent} for {guess}, share {share}: {one.text}")
    print("replies that no phrase was made from, weights of words from the others:")
    print_figures(evaluate([_bounded(*one) for one in judged], INTENTS))


def _is_doubtful(one: Read, guess: str, share: float | None) -> bool:
    found = reply_rules.signals(one.words, one.language) if one.language else []
    return replies.is_doubtful(guess, reply_rules.rules().calibrated(share), found)


def _is_costly(one: Read, guess: str, share: float | None) -> bool:
    if _is_doubtful(one, guess, share):
        return False
    is_no_news = guess in POSITIVE and one.intent not in POSITIVE | {"question"}
    return is_no_news or (guess == "unsubscribe" and one.intent not in {"unsubscribe", "angry"})


def _bounded(one: Read, guess: str, share: float | None) -> tuple[str, str, float]:
    shared = reply_rules.rules()
    if _is_doubtful(one, guess, share):
        return one.intent, "unclear", shared.unclear_confidence["doubtful"]
    return one.intent, guess, shared.calibrated(share)


WEIGHTS_HEAD = """\
# How much a word, or two words in a row, speaks for an intent or against it (<s>, </s>: beginning and end).
# Fitted on {replies} labelled replies by `python -m benchmarks.reply_rules --weigh`; not written by hand.
"""


def _quoted(term: str) -> str:
    return '"' + term.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _regress(matrix: sparse.csr_matrix, intents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return bias by intent and weights by term and intent of a ridge-penalised multinomial regression."""
    count, width, classes = matrix.shape[0], matrix.shape[1], len(INTENTS)
    design = sparse.hstack([matrix, np.ones((count, 1))]).tocsr()
    truth = np.eye(classes)[intents]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(width + 1, classes)
        scores = design @ weights
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        penalty = PENALTY / 2 * float((weights**2).sum())
        gradient = design.T @ (shares - truth) + PENALTY * weights
        return penalty - float(np.log(shares[np.arange(count), intents]).sum()), gradient.ravel()

    fitted = optimize.minimize(
        loss, np.zeros((width + 1) * classes), jac=True, method="L-BFGS-B", options={"maxiter": 300}
    )
    weights = fitted.x.reshape(width + 1, classes)
    return weights[-1], weights[:-1]


def print_figures(found: Evaluation) -> None:
    """Print an evaluation: the whole, and each class."""
    print(
        f"{found.count} replies: macro-F1 {found.macro_f1:.3f}, accuracy {found.accuracy:.3f},"
        f" calibration error {found.expected_calibration_error:.3f}"
    )
    for one in found.classes:
        print(
            f"  {one.name:16} precision {_percent(one.precision)}"
            f" recall {_percent(one.recall)} of {one.support}"
        )


def _percent(share: float | None) -> str:
    return "    –" if share is None else f"{share:5.1%}"


def per_second(read_one: Callable[[str], object], mails: Sequence[str]) -> float:
    """Return texts a second of processor time, of the best of some rounds."""
    best = 0.0
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(REPEATS):
            for mail in mails:
                read_one(mail)
        best = max(best, REPEATS * len(mails) / (time.process_time() - started))
    return best


def alternation() -> re.Pattern[str]:
    """Return the plain way: all English phrases without gaps as one alternation."""
    document = read_lexicon(f"replies/{ENGLISH}").document
    plain = [
        phrase
        for groups in document["intents"].values()
        for phrases in groups.values()
        for phrase in phrases
        if not re.search(r"[\[{*<>^$~]", phrase)
    ]
    branches = [
        " ".join(f"(?:{piece[1:-1]})" if piece[0] == "(" else re.escape(piece) for piece in _pieces(phrase))
        for phrase in plain
    ]
    return re.compile(rf"\b(?:{'|'.join(branches)})\b")


def _pieces(phrase: str) -> list[str]:
    return re.findall(r"\([^)]*\)|\S+", phrase)


def measure() -> None:
    """Print speed and figures."""
    labels, mails = zip(*texts("tuning"), strict=True)
    stripped = [newest_text(None, mail) for mail in mails]
    started = time.process_time()
    read_text(stripped[0], None, None, DAY)
    print(f"lexicons read in {time.process_time() - started:.2f} s")
    print(
        f"{len(mails)} replies, median {statistics.median(map(len, stripped)):.0f} characters when stripped"
    )
    rate = per_second(lambda text: read_text(text, None, None, DAY), stripped)
    print(f"stripped: {rate:,.0f} replies/s")
    print(f"as received: {per_second(lambda mail: label(None, mail, None, DAY), mails):,.0f} replies/s")
    plain = alternation()
    baseline = per_second(lambda text: [one.span() for one in plain.finditer(text.lower())], stripped)
    print(
        f"one alternation of the {plain.pattern.count('|')} plainest: {baseline:,.0f} replies/s,"
        f" ratio {rate / baseline:.1f}"
    )
    pairs = []
    for intent, mail in zip(labels, mails, strict=True):
        found = label(None, mail, None, DAY)
        pairs.append((intent, found.intent, found.confidence))
    print("tuning, which phrases and words were made from:")
    print_figures(evaluate(pairs, INTENTS))


if __name__ == "__main__":
    {"--weigh": weigh, "--calibrate": calibrate}.get((sys.argv[1:] or [""])[0], measure)()
