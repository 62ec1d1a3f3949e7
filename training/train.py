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

from frontdesk.guardrails.injection.classifier import (
    BITS,
    KOREAN,
    MASK,
    OTHERS,
    Model,
    in_korean,
    letters,
    pair,
    windows,
    word_spans,
)
from frontdesk.guardrails.injection.concepts import Recent, concepts
from frontdesk.guardrails.normal import Normal
from training.sources import (
    Row,
    class_rows,
    own_rows,
    packaged_rows,
    prose_rows,
    public_rows,
    written_rows,
)

SEED = 20261121
STRENGTH = 6.0
INNOCENT = 1.5
"""A false stop is worse than an attack that is missed: tools are guarded, too."""
LONGEST = 240
"""Words of a row that are learned from."""

PACKAGE = Path(__file__).parent.parent / "src/frontdesk/guardrails/injection"


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
        found = _buckets(row.text)
        columns += found
        values += [1 / max(1, len(found)) ** 0.5] * len(found)
        ends.append(len(columns))
    lines = csr_matrix((values, columns, ends), shape=(len(rows), 1 << BITS), dtype=np.float64)
    lines.sum_duplicates()
    return lines


def _buckets(text: str) -> list[int]:
    found, before, recent = [], 0, Recent()
    for place, word in enumerate(word_spans(Normal(text).folded.text)[:LONGEST]):
        own, groups = letters(word.group())
        found += [own & MASK, pair(before, own), *groups]
        found += recent.met(concepts(word.group()), place)
        before = own
    return found


def fit(rows: Sequence[Row]) -> tuple[bytes, float, float]:
    """The weights as small integers, what one of them is worth, and the bias."""
    regression = LogisticRegression(C=STRENGTH, max_iter=400, random_state=SEED)
    weight = [row.weight if row.attack else row.weight * INNOCENT for row in rows]
    regression.fit(matrix(rows), [row.attack for row in rows], sample_weight=weight)
    exact = regression.coef_[0]
    scale = float(np.quantile(np.abs(exact[exact != 0]), 0.9995)) / 127
    small = np.clip(np.rint(exact / scale), -127, 127).astype(np.int8)
    return small.tobytes(), scale, float(regression.intercept_[0])


def score(text: str, model: Model) -> float:
    """The highest score of the text's windows."""
    scores = (window.score for window in windows(Normal(text).folded.text, model))
    return max(scores, default=0.0)


def report(held: Sequence[Row], model: Model) -> Iterator[str]:
    """One line for each source: how many of its rows reach which limit, without any rule."""
    yield "| rows held back | attack | rows | suspected | blocked |"
    yield "| --- | --- | --- | --- | --- |"
    for kind in sorted({(row.source, row.attack) for row in held}):
        texts = [row.text for row in held if (row.source, row.attack) == kind]
        scored = [(score(text, model), KOREAN if in_korean(text) else OTHERS) for text in texts]
        high = sum(value >= limit.high for value, limit in scored) / len(scored)
        very = sum(value >= limit.very_high for value, limit in scored) / len(scored)
        attack = "yes" if kind[1] else "no"
        yield f"| {kind[0]} | {attack} | {len(texts)} | {high:.1%} | {very:.1%} |"


def main(folder: Path) -> None:
    """Trains on what is in `folder` (made by `sources.py`) and on the rows of this directory."""
    public = [*packaged_rows(folder), *prose_rows(folder), *public_rows(folder)]
    fold = split([*public, *written_rows(), *class_rows(), *own_rows()])
    random.Random(SEED).shuffle(fold.train)  # noqa: S311 - the order of rows is no secret
    weights, scale, bias = fit(fold.train)
    model = Model(array("b", weights), scale, bias)
    PACKAGE.joinpath("weights.bin").write_bytes(weights)
    numbers = {"scale": scale, "bias": bias, "seed": SEED, "rows": len(fold.train)}
    PACKAGE.joinpath("weights.json").write_text(json.dumps(numbers, indent=2) + "\n")
    print("\n".join(report(fold.held, model)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
