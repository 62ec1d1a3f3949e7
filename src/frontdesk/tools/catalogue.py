"""What is installed: tools and agents, who brings them, and who may see them."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from frontdesk.config import Settings
from frontdesk.contract.messages import Caller
from frontdesk.contract.parts import Specialist
from frontdesk.contract.tools import Tool
from frontdesk.tools.access import FIRST, Access

if TYPE_CHECKING:
    from agents.tool import Tool as SdkTool

DESK = "the desk itself"
Approval = Literal["never", "always", "sometimes"]


@dataclass(frozen=True, slots=True)
class ToolCard:
    """A tool as callers read of it. `plugin` says in words who brings it; a caller needs all of the
    `scopes`.
    """

    name: str
    description: str
    plugin: str
    side_effect: bool = False
    needs_approval: Approval = "never"
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentCard:
    """An agent as callers read of it; `tools` are those that it may use for this caller. Others may
    ask one that is `as_tool` without handing over.
    """

    name: str
    description: str
    plugin: str
    role: Literal["triage", "specialist"]
    model: str
    tools: tuple[str, ...] = ()
    as_tool: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All cards of a desk; triage first."""

    tools: tuple[ToolCard, ...] = ()
    agents: tuple[AgentCard, ...] = ()
    access: Access = field(default_factory=Access)

    def tools_for(self, caller: Caller) -> tuple[ToolCard, ...]:
        """The tools that some agent, or the desk before any, may use in this caller's turns."""
        users = (FIRST, *(agent.name for agent in self.agents))
        return tuple(
            tool
            for tool in self.tools
            if any(self.access.allows(caller, user, tool.name) for user in users)
        )

    def agents_for(self, caller: Caller) -> tuple[AgentCard, ...]:
        """The agents, each with the tools that it may use in this caller's turns."""
        return tuple(replace(agent, tools=self._allowed(caller, agent)) for agent in self.agents)

    def _allowed(self, caller: Caller, agent: AgentCard) -> tuple[str, ...]:
        return tuple(n for n in agent.tools if self.access.allows(caller, agent.name, n))


NOTHING_LISTED = Catalogue()


def catalogue_of(
    settings: Settings,
    agents: Iterable[Specialist],
    tools: "Iterable[Tool | SdkTool]",
    owners: Mapping[str, str],
    access: Access,
) -> Catalogue:
    """The catalogue of a desk. The first agent is triage; `owners` says who brings which part, by
    `tool <name>` and `specialist <name>`.
    """
    cards = tuple(_tool_card(tool, owners.get(f"tool {tool.name}", DESK)) for tool in tools)
    every = tuple(card.name for card in cards)
    models = {"cheap": settings.triage_model, "expensive": settings.specialist_model}
    return Catalogue(
        cards,
        tuple(
            AgentCard(
                agent.name,
                agent.description,
                owners.get(f"specialist {agent.name}", DESK),
                "specialist" if place else "triage",
                agent.model or models[agent.tier],
                every if agent.tools is None else agent.tools,
                agent.as_tool,
            )
            for place, agent in enumerate(agents)
        ),
        access,
    )


def _tool_card(tool: "Tool | SdkTool", plugin: str) -> ToolCard:
    if isinstance(tool, Tool):
        said = inspect.getdoc(tool.function) or ""
        scopes = tuple(sorted(tool.scopes))
        asks = _approval(tool.needs_approval)
        return ToolCard(tool.name, said, plugin, tool.side_effect, asks, scopes)
    said = str(getattr(tool, "description", ""))
    return ToolCard(
        tool.name, said, plugin, needs_approval=_approval(getattr(tool, "needs_approval", False))
    )


def _approval(needs: Any) -> Approval:
    if callable(needs):
        return "sometimes"
    return "always" if needs else "never"
