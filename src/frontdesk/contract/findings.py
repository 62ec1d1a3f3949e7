"""What a check found: its status, the facts that show it, and what to do."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["PASS", "WARN", "FAIL", "SKIP"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`evidence` is short facts, never a secret; `advice` one line for a WARN or FAIL."""

    status: Status
    evidence: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report: the finding of a named check."""

    check: str
    status: Status
    evidence: str
    advice: str


def passed(evidence: str) -> Finding:
    """All is well."""
    return Finding("PASS", evidence)


def warned(evidence: str, advice: str) -> Finding:
    """It works, but somebody should look at it."""
    return Finding("WARN", evidence, advice)


def failed(evidence: str, advice: str) -> Finding:
    """It does not work, or must not stay as it is."""
    return Finding("FAIL", evidence, advice)
