"""Made-up conversations: the same ones in every run."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

VOCABULARY = """
order parcel refund invoice delivery address Tuesday size colour return label money bank please
thanks when where which still already shop account number week change cancel the a my your our
it is was will be to of in on for and but not with from by
"""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a user says, what the model answers, and what the tools found that it asked before."""

    user: str
    answer: str
    found: tuple[str, ...] = ()


def small_talk(seed: int, turns: int) -> Iterator[Exchange]:
    """Turns of about 100 characters from the user and 340 from the model."""
    chance = random.Random(seed)  # noqa: S311 - nobody is to guess it: it must be the same again
    for _ in range(turns):
        yield Exchange(_text(chance, 14, 24), _text(chance, 54, 76))


def tool_talk(seed: int, turns: int) -> Iterator[Exchange]:
    """The same; in every second turn a tool finds about 600 words, in every sixth another one adds
    a few.
    """
    chance = random.Random(seed)  # noqa: S311 - nobody is to guess it: it must be the same again
    for number in range(turns):
        long = [_text(chance, 560, 640)] if number % 2 else []
        short = [_text(chance, 5, 10)] if number % 6 == 5 else []
        yield Exchange(_text(chance, 14, 24), _text(chance, 54, 76), (*long, *short))


def _text(chance: random.Random, least: int, most: int) -> str:
    return " ".join(chance.choices(VOCABULARY.split(), k=chance.randint(least, most)))
