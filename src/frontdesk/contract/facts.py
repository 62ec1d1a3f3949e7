"""What a user asked to remember."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the user's; `at` is RFC 3339 UTC."""

    id: str
    text: str
    at: str
