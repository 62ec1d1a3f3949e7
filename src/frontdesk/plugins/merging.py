"""All plugins' parts together: of two that have one name, the later one is refused."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from frontdesk.contract.parts import Parts, Specialist

DESK = "the desk itself"
TOOLS = ("release", "remember", "forget_fact")
"""The tools that the desk has without a plugin."""
HANDOFF = "transfer_to_"
"""How the name begins under which a model hands over."""


class Named(Protocol):
    """A part that has a name."""

    @property
    def name(self) -> str:
        """Its name."""


P = TypeVar("P", bound=Named)


@dataclass(slots=True)
class Merger:
    """Takes the plugins' parts together. `owners` says who brings each part: `tool clock` ->
    `clock (frontdesk 0.1.0)`; `refuse` is told whose part is left out, and why.
    """

    refuse: Callable[[str, str], None]
    owners: dict[str, str] = field(default_factory=dict)
    _taken: dict[str, str] = field(default_factory=dict)

    def merged(self, running: Iterable[tuple[str, Parts]]) -> Parts:
        """The parts that can live beside each other, of each plugin by its owner in words."""
        for name in (*TOOLS, HANDOFF):
            self._taken[_key("tool", name)] = DESK
        self._taken[_key("specialist", "triage")] = DESK
        every = [self._kept(owner, parts) for owner, parts in running]
        tools = tuple(each for parts in every for each in parts.tools)
        agents = [each for parts in every for each in parts.specialists]
        asked = (each.tool_name for each in agents if each.as_tool)
        known = {*TOOLS, *(each.name for each in tools), *asked}
        triage = next((parts.triage for parts in every if parts.triage), None)
        return Parts(
            tools=tools,
            handlers=tuple(each for parts in every for each in parts.handlers),
            guardrails=tuple(each for parts in every for each in parts.guardrails),
            specialists=tuple(self._equipped(each, known) for each in agents),
            triage=triage and self._equipped(triage, known),
        )

    def _kept(self, owner: str, parts: Parts) -> Parts:
        return Parts(
            tools=tuple(self._free(owner, "tool", parts.tools)),
            handlers=tuple(self._free(owner, "handler", parts.handlers)),
            guardrails=tuple(self._free(owner, "guardrail", parts.guardrails)),
            triage=self._triage(owner, parts.triage),
            specialists=tuple(
                self._asked(owner, each)
                for each in self._free(owner, "specialist", parts.specialists)
            ),
        )

    def _asked(self, owner: str, specialist: Specialist) -> Specialist:
        """The specialist, which nobody may ask when its tool's name is another tool's."""
        if not specialist.as_tool or self._take(owner, "tool", specialist.tool_name):
            return specialist
        return replace(specialist, as_tool=False)

    def _triage(self, owner: str, triage: Specialist | None) -> Specialist | None:
        if triage is None or not self._take(owner, "triage", ""):
            return None
        if triage.name != "triage" and not self._take(owner, "specialist", triage.name):
            return None
        self.owners[f"specialist {triage.name}"] = owner
        return triage

    def _free(self, owner: str, kind: str, parts: Iterable[P]) -> Iterator[P]:
        return (each for each in parts if self._take(owner, kind, each.name))

    def _take(self, owner: str, kind: str, name: str) -> bool:
        """Whether the name is still free; it then is this owner's."""
        label, key = f"{kind} {name}".strip(), _key(kind, name)
        if other := self._taken.get(key):
            self.refuse(owner, f"its {label} is left out: one of that name is from {other}")
            return False
        self._taken[key] = self.owners[label] = owner
        return True

    def _equipped(self, specialist: Specialist, known: set[str]) -> Specialist:
        """The specialist without the tools that nobody brings, so that the others can work."""
        missing = sorted(set(specialist.tools or ()) - known)
        if not missing:
            return specialist
        problem = f"its specialist {specialist.name} works without {', '.join(missing)}: no plugin "
        self.refuse(self.owners[f"specialist {specialist.name}"], problem + "brings that tool")
        tools = tuple(each for each in specialist.tools or () if each in known)
        return replace(specialist, tools=tools)


def _key(kind: str, name: str) -> str:
    """What two names share that a model, or a reader, could take for each other."""
    if kind == "tool" and name.startswith(HANDOFF):
        name = HANDOFF
    return f"{kind} {re.sub(r'[^a-z0-9]', '_', name.lower())}"


def labels(parts: Parts) -> list[str]:
    """What the parts are called in `owners`, in words."""
    agents = [*parts.specialists, *([parts.triage] if parts.triage else [])]
    return [
        *(f"tool {each.name}" for each in parts.tools),
        *(f"tool {each.tool_name}" for each in parts.specialists if each.as_tool),
        *(f"handler {each.name}" for each in parts.handlers),
        *(f"guardrail {each.name}" for each in parts.guardrails),
        *(f"specialist {each.name}" for each in agents),
        *(["triage"] if parts.triage else []),
    ]
