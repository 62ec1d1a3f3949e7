"""One entry of a FAQ: what it answers, in which language and when; checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from frontdesk.contract.errors import PluginError

ID = re.compile(r"[\w-]{1,64}")
FIELDS = frozenset({"id", "phrasings", "answer", "tags", "language", "valid_from", "valid_until"})
LANGUAGES = ("ko", "en")


@dataclass(frozen=True, slots=True)
class Entry:
    """A curated answer in Markdown, and the ways in which people ask for it.

    `tags` are further words that a question for it may hold. Without `language` (`ko`, `en`) it
    answers in both; it is valid from and until these days, both included, in UTC.
    """

    id: str
    phrasings: tuple[str, ...]
    answer: str
    tags: tuple[str, ...] = ()
    language: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None

    def answers(self, language: str | None, day: date) -> bool:
        """Whether it answers messages of this language on this day."""
        return (
            (self.language is None or self.language == language)
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_until is None or day <= self.valid_until)
        )

    def meets(self, other: "Entry") -> bool:
        """Whether both answer the same language on some day."""
        return (
            (self.language is None or other.language in (None, self.language))
            and (self.valid_from or date.min) <= (other.valid_until or date.max)
            and (other.valid_from or date.min) <= (self.valid_until or date.max)
        )


def entry_of(fields: Mapping[str, Any]) -> Entry:
    """Reads the fields of an entry.

    Raises:
        PluginError: one is missing, unknown or wrong.
    """
    if unknown := sorted(str(name) for name in fields.keys() - FIELDS):
        raise PluginError(
            f"there is no field {', '.join(unknown)}; the fields are {', '.join(sorted(FIELDS))}"
        )
    if not isinstance(name := fields.get("id"), str) or not ID.fullmatch(name):
        raise PluginError(
            f"the id {name!r} must be letters, digits, _ and -, such as opening-hours"
        )
    entry = Entry(
        id=name,
        phrasings=_texts("phrasings", fields.get("phrasings", [])),
        answer=_answer(fields.get("answer")),
        tags=_texts("tags", fields.get("tags", [])),
        language=_language(fields.get("language")),
        valid_from=_day("valid_from", fields.get("valid_from")),
        valid_until=_day("valid_until", fields.get("valid_until")),
    )
    if not entry.phrasings:
        raise PluginError("phrasings are missing; write down three to six ways to ask for it")
    if entry.valid_from and entry.valid_until and entry.valid_until < entry.valid_from:
        raise PluginError("valid_until is before valid_from; exchange them")
    return entry


def _texts(field: str, value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts, list) and all(isinstance(text, str) and text.strip() for text in texts):
        return tuple(text.strip() for text in texts)
    raise PluginError(f'{field} must be a list of texts; put what YAML takes for more into "..."')


def _answer(value: Any) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise PluginError("the answer is missing; write it below the block of fields")


def _language(value: Any) -> str | None:
    if value is None or value in LANGUAGES:
        return value if value is None else str(value)
    raise PluginError(f"language is {value!r}; write ko or en, or leave it out for both")


def _day(field: str, value: Any) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise PluginError(f"{field} is {value!r}; write a day such as 2026-12-24, without quotes")
