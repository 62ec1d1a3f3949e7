"""Long-term memory: tools by which an agent keeps and drops facts that the user asks for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from frontdesk.contract.context import Ledger, TurnContext
from frontdesk.contract.errors import InvalidRequest, NotFound
from frontdesk.contract.facts import Fact
from frontdesk.contract.guardrails import Verdict
from frontdesk.contract.messages import Caller
from frontdesk.contract.text import folded
from frontdesk.contract.tools import Tool, tool
from frontdesk.sessions.store import Sessions

Check = Callable[[str, Ledger], Awaitable[Verdict]]


@dataclass(frozen=True, slots=True)
class Memory:
    """Users' facts behind the guardrails: `check` is their word about what a user wrote."""

    sessions: Sessions
    check: Check

    async def keep(self, caller: Caller, text: str, ledger: Ledger, turn_id: str = "") -> Fact:
        """Keeps a fact, redacted.

        Raises:
            InvalidRequest: a guardrail stops it, it is too long, or there are too many.
        """
        verdict = await self.check(text, ledger)
        if verdict.action == "block":
            raise InvalidRequest(verdict.text)
        return await self.sessions.facts.keep(self.sessions.owner(caller), verdict.text, turn_id)

    async def drop(self, context: TurnContext, named: str) -> Fact:
        """Forgets the fact that is named by its number or its words, as the turn was shown them.

        Raises:
            NotFound: none is named so.
        """
        fact = _named(context.user_facts, named)
        await self.sessions.facts.forget(self.sessions.owner(context.message.caller), fact.id)
        return fact

    def tools(self) -> tuple[Tool, ...]:
        """The tools for the agents."""

        @tool(side_effect=True)
        async def remember(context: TurnContext, fact: str) -> dict[str, str]:
            """Remember a fact about the user for all later conversations. Only when the user asks
            to remember something.

            Args:
                fact: One short sentence in the user's language, 300 characters at most.
            """
            try:
                kept = await self.keep(
                    context.message.caller, fact, context.ledger, context.turn_id
                )
            except InvalidRequest as refused:
                return {"not_remembered": refused.detail}
            return {"remembered": kept.text}

        @tool(side_effect=True)
        async def forget_fact(context: TurnContext, fact: str) -> dict[str, str]:
            """Forget a fact that the user once asked to remember. Only when the user asks for it.

            Args:
                fact: Its number in the list of facts, or its words.
            """
            try:
                return {"forgotten": (await self.drop(context, fact)).text}
            except NotFound as missing:
                return {"not_forgotten": missing.detail}

        return remember, forget_fact


def _named(facts: tuple[Fact, ...], named: str) -> Fact:
    words = folded(named)
    if words.isdecimal() and 0 < int(words) <= len(facts):
        return facts[int(words) - 1]
    found = [fact for fact in facts if folded(fact.text) == words]
    if not found:
        raise NotFound("There is no such fact. /facts lists them.")
    return found[0]
