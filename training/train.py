"""Trains the injection classifier and writes its weights into the package; see README.md."""

import json
import random
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from frontdesk.guardrails.injection.classifier import BITS, Model, buckets, windows, word_spans
from frontdesk.guardrails.normal import Normal
from training.sources import Row, own_rows, packaged_rows, prose_rows, public_rows, written_rows

SEED = 20261121
STRENGTH = 6.0
PACKAGE = Path(__file__).parent.parent / "src/frontdesk/guardrails/injection"
LIMITS = {"high": 0.5, "very_high": 0.75}
"""From which score on a window is suspected and blocked. They are chosen, not fitted: above the
upper one stand few of the innocent rows held back, between them the odd ones.
"""


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows to train on and rows held back."""

    train: list[Row]
    held: list[Row]


def split(rows: Iterable[Row]) -> Fold:
    """One row in eight is held back, by the hash of its text, unless its source says which."""
    fold = Fold([], [])
    for row in rows:
        held = row.held if row.held is not None else crc32(row.text.encode()) % 8 == 0
        (fold.held if held else fold.train).append(row)
    return fold


def matrix(rows: Sequence[Row]) -> csr_matrix:
    """One line a row: how often each bucket occurs, divided by the root of the number of all."""
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for row in rows:
        found, own = [], 0
        for word in word_spans(Normal(row.text).folded.text)[:240]:
            mine, own = buckets(word.group(), own)
            found += mine
        columns += found
        values += [1 / max(1, len(found)) ** 0.5] * len(found)
        ends.append(len(columns))
    lines = csr_matrix((values, columns, ends), shape=(len(rows), 1 << BITS), dtype=np.float64)
    lines.sum_duplicates()
    return lines


def fit(rows: Sequence[Row]) -> tuple[bytes, float, float]:
    """The weights as small integers, what one of them is worth, and the bias."""
    regression = LogisticRegression(C=STRENGTH, max_iter=400, random_state=SEED)
    weight = [row.weight for row in rows]
    regression.fit(matrix(rows), [row.attack for row in rows], sample_weight=weight)
    exact = regression.coef_[0]
    scale = float(np.quantile(np.abs(exact[exact != 0]), 0.9995)) / 127
    small = np.clip(np.rint(exact / scale), -127, 127).astype(np.int8)
    return small.tobytes(), scale, float(regression.intercept_[0])


def score(text: str, model: Model) -> float:
    """The highest score of the text's windows."""
    scores = (window.score for window in windows(Normal(text).folded.text, model))
    return max(scores, default=0.0)


def report(held: Sequence[Row], scores: Sequence[float]) -> Iterator[str]:
    """One line for each source: how many of its rows reach which threshold."""
    yield "| rows held back | attack | rows | suspected | blocked |"
    yield "| --- | --- | --- | --- | --- |"
    for kind in sorted({(row.source, row.attack) for row in held}):
        mine = [s for row, s in zip(held, scores, strict=True) if (row.source, row.attack) == kind]
        shares = [f"{np.mean([s >= limit for s in mine]):.1%}" for limit in LIMITS.values()]
        yield f"| {kind[0]} | {'yes' if kind[1] else 'no'} | {len(mine)} | {' | '.join(shares)} |"


def main(folder: Path) -> None:
    """Trains on what is in `folder` (made by `sources.py`) and on the rows of this directory."""
    public = [*packaged_rows(folder), *prose_rows(folder), *public_rows(folder)]
    fold = split([*public, *written_rows(), *own_rows()])
    random.Random(SEED).shuffle(fold.train)  # noqa: S311 - the order of rows is no secret
    weights, scale, bias = fit(fold.train)
    model = Model(array("b", weights), scale, bias, 1.0, 1.0)
    scores = [score(row.text, model) for row in fold.held]
    PACKAGE.joinpath("weights.bin").write_bytes(weights)
    numbers = {"scale": scale, "bias": bias, **LIMITS, "seed": SEED, "rows": len(fold.train)}
    PACKAGE.joinpath("weights.json").write_text(json.dumps(numbers, indent=2) + "\n")
    print("\n".join(report(fold.held, scores)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
