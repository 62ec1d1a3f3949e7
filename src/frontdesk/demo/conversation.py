"""What the demo model reads of its input: who said what, and what the tools answered."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from frontdesk.tools.fence import data_in

HANDOFF = "transfer_to_"

_HANGUL = re.compile(r"[가-힣]")


@dataclass(frozen=True, slots=True)
class Conversation:
    """`said` are the user's messages, oldest first; `results` the tools called since the last of
    them, with their results; `title` and `facts` stand in the agent's instructions, in English and
    Korean; `size` is all of it in bytes.
    """

    said: tuple[str, ...]
    results: tuple[tuple[str, str], ...]
    title: tuple[str, str]
    facts: tuple[tuple[str, str], ...]
    size: int

    @property
    def message(self) -> str:
        """The last user message."""
        return self.said[-1] if self.said else ""

    @property
    def korean(self) -> bool:
        """Whether the last message is in Korean."""
        return bool(_HANGUL.search(self.message))

    def spoken(self, english: str, korean: str) -> str:
        """One of two texts, in the user's language."""
        return korean if self.korean else english


def read(instructions: str | None, given: str | Iterable[Mapping[str, Any]]) -> Conversation:
    """Reads the input of a model call."""
    items = [{"role": "user", "content": given}] if isinstance(given, str) else list(given)
    said, results = _steps(items)
    lines = (instructions or "").splitlines()
    return Conversation(
        said=tuple(said),
        results=tuple(results),
        title=next((_both(line[2:]) for line in lines if line.startswith("# ")), ("", "")),
        facts=tuple(_facts(lines)),
        size=len((instructions or "").encode()) + sum(len(str(item).encode()) for item in items),
    )


def _steps(items: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[tuple[str, str]]]:
    said: list[str] = []
    results: list[tuple[str, str]] = []
    names: dict[str, str] = {}
    for item in items:
        if item.get("role") == "user":
            said.append(_text(item.get("content")))
            results.clear()
        elif item.get("type") == "function_call":
            names[item["call_id"]] = item["name"]
        elif item.get("type") == "function_call_output":
            name = names.get(item["call_id"], "")
            if not name.startswith(HANDOFF):
                results.append((name, data_in(_text(item.get("output")))))
    return said, results


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return str(content or "")


def _facts(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    inside = False
    for line in lines:
        inside = line.strip() == "## Facts" if line.startswith("#") else inside
        if inside and line.startswith("- "):
            yield _both(line[2:])


def _both(text: str) -> tuple[str, str]:
    english, _, korean = text.partition(" / ")
    return english.strip(), korean.strip() or english.strip()
