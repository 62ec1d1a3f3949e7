"""Calls that chat clients make for themselves, known by rules that a deployment can replace."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from frontdesk.contract.errors import SettingsError

Done = Literal["aside", "unfiled"]
OWN_RULES = "side_calls.toml"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rules look at: `system` is the first of the instructions, `user` the one message
    beside them, None where there are more; `task` is the header's.
    """

    user: str | None
    system: str | None = None
    task: str = ""
    stream: bool = False
    max_tokens: int | None = None
    tools: bool = False


class Rule(BaseModel):
    """What a side call looks like, as `side_calls.toml` explains; what is None may be anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client: str
    done: Done
    seen: str = ""
    task: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    begins: str = ""
    has: tuple[str, ...] = ()
    role: Literal["user", "system"] = "user"
    stream: bool | None = None
    max_tokens: int | None = None
    tools: bool = False

    def holds(self, asked: Asked) -> bool:
        """Whether this is such a call."""
        if asked.tools and not self.tools:
            return False
        if self.task is not None:
            return asked.task in self.task
        return self._fits(asked) and self._reads(getattr(asked, self.role))

    def _fits(self, asked: Asked) -> bool:
        if self.stream is not None and asked.stream != self.stream:
            return False
        most = asked.max_tokens
        return self.max_tokens is None or (most is not None and most <= self.max_tokens)

    def _reads(self, text: str | None) -> bool:
        if text is None or not (self.begins or self.has):
            return False
        text = " ".join(text.split())
        return text.startswith(self.begins) and all(each in text for each in self.has)


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class SideCalls:
    """The rules, in order."""

    rules: tuple[Rule, ...]

    def kind_of(self, asked: Asked) -> Done | None:
        """What is done with a request that is a side call; None for a person's message."""
        return next((rule.done for rule in self.rules if rule.holds(asked)), None)


def read_side_calls(path: Path | None) -> SideCalls:
    """The rules of a file, or the built-in ones.

    Raises:
        SettingsError: the file is no TOML of such rules.
    """
    if path is None:
        text = files("frontdesk.server.openai").joinpath(OWN_RULES).read_text("utf-8")
        return SideCalls(_Rules.model_validate(tomllib.loads(text)).rule)
    try:
        data: Mapping[str, Any] = tomllib.loads(path.read_text("utf-8"))
        return SideCalls(_Rules.model_validate(data).rule)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(map(str, wrong["loc"]))
        raise SettingsError(f"FRONTDESK_SIDE_CALLS, {path}: {place}: {wrong['msg']}.") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"FRONTDESK_SIDE_CALLS, {path}: {error}.") from None
