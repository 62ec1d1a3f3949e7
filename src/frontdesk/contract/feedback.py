"""What a user thought of a turn."""

from dataclasses import dataclass
from typing import Literal

Score = Literal[1, -1]


@dataclass(frozen=True, slots=True)
class Feedback:
    """Thumbs up (1) or down (-1), and why; `at` is RFC 3339 UTC."""

    score: Score
    comment: str
    at: str
