"""Who may use which tool: by the scopes that the tool asks for, and by the deployment's rules."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from agents import AgentBase, FunctionTool, RunContextWrapper

from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.handlers import Handler, Outcome, Pass
from frontdesk.contract.messages import Caller
from frontdesk.contract.tools import Tool
from frontdesk.tools.first import PREFIX

if TYPE_CHECKING:
    from agents.tool import Tool as SdkTool

FIRST = "first"
"""What a rule calls the agent where a tool answers by itself."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Patterns (`*`, `?`, `[…]`) of a tenant, an agent and a tool."""

    tenant: str
    agent: str
    tool: str

    @classmethod
    def read(cls, text: str) -> "Rule":
        """`tool`, `agent/tool` or `tenant/agent/tool`; what is left out is any."""
        parts = text.strip().rsplit("/", 2)
        return cls(*["*"] * (3 - len(parts)), *parts)

    def fits(self, tenant: str, agent: str, tool: str) -> bool:
        """Whether it speaks about this."""
        pairs = ((tenant, self.tenant), (agent, self.agent), (tool, self.tool))
        return all(fnmatchcase(name, pattern) for name, pattern in pairs)


class Access:
    """Allows a tool where a rule of `allow` fits, none of `deny` does, and the caller has the
    scopes that the tool asks for.
    """

    def __init__(
        self,
        allow: Sequence[str] = ("*",),
        deny: Sequence[str] = (),
        scopes: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._allow = [Rule.read(each) for each in allow]
        self._deny = [Rule.read(each) for each in deny]
        self._scopes = scopes or {}

    def allows(self, caller: Caller, agent: str, tool: str) -> bool:
        """Whether this caller's turn may use the tool when this agent works."""
        where = (caller.tenant, agent, tool)
        return (
            self._scopes.get(tool, frozenset()) <= caller.scopes
            and any(rule.fits(*where) for rule in self._allow)
            and not any(rule.fits(*where) for rule in self._deny)
        )

    def offered(self, tools: "Mapping[str, SdkTool]") -> "dict[str, SdkTool]":
        """The tools, each seen by a model only where it is allowed; a call of one that is not seen
        is answered as that of a tool which is not there.
        """
        return {name: self._seen(each) for name, each in tools.items()}

    def _seen(self, tool: "SdkTool") -> "SdkTool":
        if not isinstance(tool, FunctionTool) or not self._speaks_of(tool.name):
            return tool
        own = tool.is_enabled

        async def enabled(run: RunContextWrapper[TurnContext], agent: AgentBase[Any]) -> bool:
            if not self.allows(run.context.message.caller, agent.name, tool.name):
                return False
            found = own(run, agent) if callable(own) else own
            return found if isinstance(found, bool) else await found

        seen = copy(tool)
        seen.is_enabled = enabled
        return seen

    def _speaks_of(self, tool: str) -> bool:
        rules = (*self._allow, *self._deny)
        return tool in self._scopes or any(rule != Rule("*", "*", "*") for rule in rules)

    def asked(self, handlers: Iterable[Handler]) -> tuple[Handler, ...]:
        """The handlers of tools that answer by themselves, each for whom it is allowed."""
        return tuple(self._asked(each) for each in handlers)

    def _asked(self, handler: Handler) -> Handler:
        tool = handler.name.removeprefix(PREFIX)

        async def handle(context: TurnContext) -> Outcome:
            if not self.allows(context.message.caller, FIRST, tool):
                return Pass()
            return await handler.ask(context)

        return replace(handler, handle=handle) if self._speaks_of(tool) else handler


def access_of(settings: Settings, tools: "Iterable[Tool | SdkTool]") -> Access:
    """The deployment's rules, and the scopes that its tools ask for."""
    scopes = {each.name: each.scopes for each in tools if isinstance(each, Tool) and each.scopes}
    return Access(settings.tools_allow, settings.tools_deny, scopes)
