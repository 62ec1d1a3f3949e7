"""What a plugin brings, on one screen.

A plugin is an async context manager that yields its `Parts`: what it opens before the `yield` it
closes after it.

    @asynccontextmanager
    async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
        yield Parts(tools=(clock,))
"""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel

from frontdesk.contract.guardrails import Guardrail
from frontdesk.contract.handlers import Handler
from frontdesk.contract.tools import Tool

if TYPE_CHECKING:
    from agents import InputGuardrail, OutputGuardrail
    from agents.tool import Tool as SdkTool

Tier = Literal["cheap", "expensive"]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Specialist:
    """An agent declared as data.

    - `description`: tells triage when to hand over.
    - `prompt`: is sent as written; or `prompt_file`, a Markdown file beside the plugin's module (a
      path relative to it), is read when the plugin starts.
    - `tools`: names those that it may use; None means all.
    - `tier`: which of the deployment's two models it has, unless `model` names one.
    - `sticky_turns`: the follow-ups for which it keeps the session after a handoff.
    - `context_tokens`: how much of the session's window it sees; None means all.
    - `topic`: a message that is not about it is blocked where this agent begins a turn, by one call
      of the cheap model.
    - `input_guardrails`, `output_guardrails` are the SDK's own: they run before the model where
      this agent begins a turn, not after a handoff; its answers leave only when they are complete.
      A `Guardrail` among the `Parts` checks whichever agent speaks.
    - `routes`: regular expressions, searched in the normalised message without regard to case. A
      message that only one specialist's routes know goes to it without asking triage.
    - `as_tool`: other agents may also ask it, as the tool `ask_<name>`, without handing over.
    """

    name: str
    description: str
    prompt: str = ""
    tools: tuple[str, ...] | None = None
    tier: Tier = "expensive"
    sticky_turns: int = 6
    context_tokens: int | None = None
    topic: str = ""
    input_guardrails: "tuple[InputGuardrail[Any], ...]" = field(default=(), repr=False)
    output_guardrails: "tuple[OutputGuardrail[Any], ...]" = field(default=(), repr=False)
    prompt_file: str | Path = ""
    model: str | None = None
    routes: tuple[str, ...] = ()
    as_tool: bool = False

    @property
    def tool_name(self) -> str:
        """What the tool is called by which others ask it."""
        return f"ask_{re.sub(r'[^a-zA-Z0-9_-]', '_', self.name)}"[:64]


@dataclass(frozen=True, slots=True)
class Parts:
    """What one plugin brings. `faq` are files of curated answers (docs/answers.md). `triage`
    replaces the built-in triage agent; the first plugin that brings it wins.
    """

    tools: "tuple[Tool | SdkTool, ...]" = ()
    handlers: tuple[Handler, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()
    specialists: tuple[Specialist, ...] = ()
    triage: Specialist | None = None
    faq: tuple[Path, ...] = ()


class ReadSettings(Protocol):
    """Where a plugin's settings come from."""

    def __call__(self, model: type[M], /) -> M:
        """The settings, validated by the plugin's own pydantic model."""


def defaults(model: type[M], /) -> M:
    """No setting is set."""
    return model()


@dataclass(frozen=True, slots=True)
class PluginPlace:
    """Where a plugin lives: its name, a folder of its own in which it may keep data, and its
    settings.

    `place.settings(WeatherSettings)` reads the fields of this pydantic model from the environment
    and `.env`: of the plugin `weather`, the field `key` is `FRONTDESK_PLUGIN_WEATHER_KEY`. It
    raises SettingsError, which names each variable that is wrong, and the plugin is refused.
    """

    name: str
    folder: Path
    settings: ReadSettings = defaults


Plugin: TypeAlias = Callable[[PluginPlace], AbstractAsyncContextManager[Parts]]
