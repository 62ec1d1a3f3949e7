"""How well the guardrails do on labelled rows: recall and precision by category and language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import InvalidRequest
from frontdesk.contract.guardrails import Stage
from frontdesk.contract.text import Language
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.examination import examine

ALL = "all"


class Row(BaseModel):
    """One labelled text. `category` is what must be found in it; None is an innocent text that must
    pass. `form` is `plain` or the name of the evasion.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    language: Language
    category: str | None
    form: str = "plain"
    stage: Stage = "input"


@dataclass(frozen=True, slots=True)
class Judged:
    """A row, the categories that were found and not allowed in it, and whether it was stopped or
    changed.
    """

    row: Row
    number: int
    found: frozenset[str]
    stopped: bool

    @property
    def hit(self) -> bool:
        """Whether what the label says was found; a suspicion counts."""
        return bool(self.found & {self.row.category, f"{self.row.category}_suspected"})

    @property
    def wrong(self) -> Literal["missed", "false stop"] | None:
        """What went wrong with the row."""
        if self.row.category is None:
            return "false stop" if self.stopped else None
        return None if self.hit else "missed"


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the result. `rows` carry the label and `found` of them were; `false` innocent
    rows were found to be of this category, too.
    """

    category: str
    language: str
    rows: int
    found: int
    false: int

    @property
    def recall(self) -> float:
        """Of the rows with the label, the part that was found."""
        return self.found / self.rows if self.rows else 1.0

    @property
    def precision(self) -> float:
        """Of all that was found, the part that carried the label."""
        return self.found / (self.found + self.false) if self.found + self.false else 1.0


def read_rows(lines: Iterable[str]) -> list[Row]:
    """The rows of a JSON Lines file.

    Raises:
        InvalidRequest: a line is no row; it is named by its number.
    """
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(Row.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise InvalidRequest(
                f"Line {number} is no row: {where} {first['msg']}. A row has text, language, "
                "category, and if need be form and stage (docs/guardrails.md)."
            ) from None
    return rows


async def judge(guards: Guards, rows: Sequence[Row]) -> list[Judged]:
    """What the guardrails say about each row.

    Raises:
        GuardrailUnavailable: a check failed.
    """
    judged = []
    for number, row in enumerate(rows, 1):
        seen = await examine(guards, row.text, row.stage, Ledger.of("", row.text))
        found = frozenset(each.category for each in seen.rulings if each.action != "allow")
        judged.append(Judged(row, number, found, seen.action in ("redact", "block")))
    return judged


def scores(judged: Sequence[Judged]) -> list[Score]:
    """The result by category and language, then all of each language together."""
    categories = {each.row.category for each in judged if each.row.category}
    categories |= {name for each in judged if not each.row.category for name in each.found}
    languages = sorted({each.row.language for each in judged})
    each = [_score(judged, name, language) for name in sorted(categories) for language in languages]
    totals = [_total(judged, language) for language in languages]
    return [score for score in (*each, *totals) if score.rows or score.false]


def _score(judged: Sequence[Judged], category: str, language: Language) -> Score:
    own = [each for each in judged if each.row.language == language]
    labelled = [each for each in own if each.row.category == category]
    false = sum(each.row.category is None and category in each.found for each in own)
    return Score(category, language, len(labelled), sum(each.hit for each in labelled), false)


def _total(judged: Sequence[Judged], language: Language) -> Score:
    own = [each for each in judged if each.row.language == language]
    labelled = [each for each in own if each.row.category]
    false = sum(each.wrong == "false stop" for each in own)
    return Score(ALL, language, len(labelled), sum(each.hit for each in labelled), false)
