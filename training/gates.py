"""Writes `gates.yaml` beside the searches, the rules and the word lists: what RE2 scans a text for
before a pattern is searched in it. `python -m training.gates` after every change of those; a test
says when it was forgotten.

It is a pattern that holds wherever the one to search does: the same without what RE2 does not have
(what stands before and after, what was found before) and without upper limits of repetition, which
cost it states. Texts are folded, so figures are ASCII; RE2 and Python do not agree on other
letters, so those count as letters and as marks.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from frontdesk.guardrails import personal, secrets
from frontdesk.guardrails.abuse import english, korean, threats
from frontdesk.guardrails.gates import Ways
from frontdesk.guardrails.injection import rules

# The parser of the standard library has no public name since `sre_parse` is deprecated.
_parser: Any = vars(re)["_parser"]

GUARDRAILS = Path(__file__).parent.parent / "src/frontdesk/guardrails"
HEAD = "# Made by training/gates.py. Do not edit.\n"
ANY = r"[\x00-\x{10ffff}]"
ANY_FIRST = {ANY, ""}
MOST = 20
"""A repetition is counted up to here."""
_OTHERS = r"\x{80}-\x{10ffff}"
_SPACES = r"\t-\r\x1c- \x{85}-\x{3000}"
_MEMBERS = {
    "CATEGORY_DIGIT": "0-9",
    "CATEGORY_NOT_DIGIT": r"\x00-/:-\x{10ffff}",
    "CATEGORY_SPACE": _SPACES,
    "CATEGORY_NOT_SPACE": rf"\x00-\x08\x0e-\x1b!-\x7f{_OTHERS}",
    "CATEGORY_WORD": rf"\w{_OTHERS}",
    "CATEGORY_NOT_WORD": rf"\W{_OTHERS}",
}
_PYTHON = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S", "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip
# What surely belongs to a class: only that may be left out of its contrary.
_SURE = {
    "CATEGORY_DIGIT": "0-9",
    "CATEGORY_NOT_DIGIT": r"\x00-/:-\x7f",
    "CATEGORY_SPACE": r"\t-\r\x1c- ",
    "CATEGORY_NOT_SPACE": r"\x00-\x08\x0e-\x1b!-\x7f",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\x00-/:-@\[-^`{-\x7f",
}


def gates() -> Mapping[str, Mapping[str, Any]]:
    """What stands in the files, by folder."""
    return {
        "personal": _ways(personal.WAYS),
        "secrets": _ways(secrets.WAYS),
        "abuse": _relaxed(korean.patterns(), english.patterns(), threats.patterns()),
        "injection": _relaxed(rules.patterns(), rules.innocent()),
    }


def _ways(family: Mapping[str, Ways]) -> dict[str, Any]:
    return {
        name: [[relaxed(each.pattern) for each in way] for way in ways]
        for name, ways in family.items()
    }


def _relaxed(*patterns: Mapping[str, Iterable[str]]) -> dict[str, list[list[str]]]:
    return {
        name: [[relaxed(pattern), first(pattern)] for pattern in some]
        for each in patterns
        for name, some in each.items()
    }


def first(pattern: str) -> str:
    """The class of the letters with which a match can begin; nothing where any can."""
    members = _first(_parser.parse(pattern, re.MULTILINE))
    return "" if ANY_FIRST & members else f"[{''.join(sorted(members))}]"


def _first(parsed: Iterable[Any]) -> set[str]:
    """The members of that class; also `""` where the whole may be empty."""
    found = {""}
    for operation, value in parsed:
        if "" not in found:
            break
        found = found - {""} | _firsts(str(operation), value)
    return found


def _firsts(operation: str, value: Any) -> set[str]:
    if operation in ("ASSERT", "ASSERT_NOT", "AT"):
        return {""}
    if operation == "SUBPATTERN":
        return _first(value[3])
    if operation == "BRANCH":
        return set().union(*map(_first, value[1]))
    if operation in ("MAX_REPEAT", "MIN_REPEAT"):
        return _first(value[2]) | ({""} if value[0] == 0 else set())
    if operation == "LITERAL":
        return {re.escape(chr(value))}
    if operation == "IN" and str(value[0][0]) != "NEGATE":
        return {_shown(str(kind), each) for kind, each in value}
    return {ANY}


def _shown(kind: str, value: Any) -> str:
    if kind == "RANGE":
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    return _PYTHON[str(value)] if kind == "CATEGORY" else re.escape(chr(value))


def relaxed(pattern: str) -> str:
    """The pattern of RE2 that holds wherever this one does."""
    return _sequence(_parser.parse(pattern, re.MULTILINE))


def _sequence(parsed: Iterable[Any]) -> str:
    return "".join(_one(str(operation), value) for operation, value in parsed)


def _one(operation: str, value: Any) -> str:
    if operation in ("ASSERT", "ASSERT_NOT", "AT"):
        return ""
    if operation == "SUBPATTERN":
        return _sequence(value[3])
    if operation == "BRANCH":
        return f"(?:{'|'.join(dict.fromkeys(map(_sequence, value[1])))})"
    if operation in ("MAX_REPEAT", "MIN_REPEAT"):
        return _repeated(int(value[0]), int(value[1]), _sequence(value[2]))
    if operation == "GROUPREF":
        return f"{ANY}*"
    return _character(operation, value)


def _repeated(least: int, most: int, part: str) -> str:
    if (least, most) == (0, 1):
        return f"(?:{part})?"
    exact = least == most <= MOST
    return f"(?:{part}){{{min(least, MOST)}{'' if exact else ','}}}"


def _character(operation: str, value: Any) -> str:
    if operation == "LITERAL":
        return _escaped(value)
    if operation == "NOT_LITERAL":
        return f"[^{_escaped(value)}]"
    if operation == "IN":
        negated = str(value[0][0]) == "NEGATE"
        sets = _SURE if negated else _MEMBERS
        members = "".join(_member(str(kind), each, sets) for kind, each in value[negated:])
        return f"[{'^' * negated}{members}]"
    if operation == "ANY":
        return ANY
    raise ValueError(f"There is nothing like {operation} in RE2 yet: see {__name__}.")


def _member(kind: str, value: Any, sets: dict[str, str]) -> str:
    if kind == "RANGE":
        return f"{_escaped(value[0])}-{_escaped(value[1])}"
    return sets[str(value)] if kind == "CATEGORY" else _escaped(value)


def _escaped(code: int) -> str:
    char = chr(code)
    if char.isalnum():
        return char
    return f"\\{char}" if "!" <= char <= "~" else f"\\x{{{code:x}}}"


def write() -> None:
    """Writes the files."""
    for folder, found in gates().items():
        text = HEAD + yaml.safe_dump(dict(found), allow_unicode=True, width=100)
        GUARDRAILS.joinpath(folder, "gates.yaml").write_text(text, "utf-8")


if __name__ == "__main__":
    write()
