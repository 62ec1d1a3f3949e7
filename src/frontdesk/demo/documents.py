"""How the demo model uses documents: which questions are for them, and what it tells of them."""

import re
from collections.abc import Iterator

from frontdesk.demo.topics import subjects

_ASKS = re.compile(
    r"(?i)[?？]|\b(?:what|when|where|which|who|how|tell|show|look|find|check|is|do)\b"
    r"|알려|보여|찾아|확인|조회|뭐|무엇|무슨|몇|며칠|언제|어디|어때|(?:까|까요|나요|가요|니)\W*$"
)
_RULE = re.compile(r"(?i)polic|\brules?\b|\bterms\b|conditions|규정|정책|약관|조건|기준|기간|절차")
_OWN = re.compile(
    r"(?i)\b(?:my|mine|arrived|came)\b|\bi(?:'d|'ve| want| would| have(?! to)| got| need| bought)\b"
    r"|싶|(?<!알려)(?<!알려 )주세요|해 ?줘|왔|받았|샀|했는데|[났졌됐]|제가|저희"
)
_PASSAGE = re.compile(r"^\[([^\]\n]+)\]\n((?:>.*\n?)+)", re.MULTILINE)
_WRAP = re.compile(r"\n(?![-*#|\d\n])")


def asks(message: str) -> bool:
    """Whether the message asks something."""
    return bool(_ASKS.search(message))


def asks_for_a_rule(message: str) -> bool:
    """Whether it asks how things are in general, and tells nothing of a case of one's own."""
    return bool(_RULE.search(message) or asks(message)) and not _OWN.search(message)


def told(found: str, message: str) -> list[str]:
    """The first passages of a search that are about the message, each with its source: two where
    both touch its subject, else one; none when nothing was found.
    """
    passages = list(_passages(found))
    about = [each for each in passages if subjects(message) & subjects(" ".join(each))]
    chosen = about[:2] or passages[:1]
    return [line for source, text in chosen for line in (text, f"— {source}")]


def _passages(found: str) -> Iterator[tuple[str, str]]:
    for source, quoted in _PASSAGE.findall(found):
        lines = (line.removeprefix(">").strip() for line in quoted.splitlines())
        yield source, _WRAP.sub(" ", "\n".join(lines).strip())
