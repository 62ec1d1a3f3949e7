"""Who may use which tool: scopes of the caller, rules of the deployment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.messages import Caller
from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.contract.tools import First, tool
from frontdesk.server.api_keys import ApiKeys
from frontdesk.testing import FakeOpenAI, Visitor, text, tool_call
from frontdesk.tools.access import Access


@tool(scopes=["tool:refunds"], first=First("refund me", lambda said: said))
async def refund() -> str:
    """Refunds."""
    return "refunded"


@asynccontextmanager
async def shop(_place: PluginPlace) -> AsyncIterator[Parts]:
    """A plugin with one tool."""
    yield Parts(tools=(refund,))


def offered(upstream: FakeOpenAI) -> set[str]:
    """The tools that the last model call could see."""
    return {each["name"] for each in upstream.requests[-1].body["tools"]}


async def test_a_caller_without_the_scope_neither_sees_nor_asks_the_tool(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    async with open_desk(settings, plugins={"shop": shop}) as desk:
        ann, bob = Visitor(desk, "ann"), Visitor(desk, "bob")
        bob.caller = Caller("local", "bob", frozenset({"chat", "read", "tool:refunds"}))
        assert (await ann.ask("refund me")).rung == "triage"
        assert "refund" not in offered(upstream)
        assert (await bob.ask("refund me")).answer == "refunded"
        await bob.ask("Hello")
        assert {"refund", "clock"} <= offered(upstream)


async def test_a_key_can_carry_the_scope_of_a_tool(redis: Redis) -> None:
    keys = ApiKeys(redis)
    await keys.create("acme", scopes=["chat", "tool:refunds"])

    assert [each.scopes for each in await keys.list()] == [frozenset({"chat", "tool:refunds"})]


async def test_a_call_of_a_tool_that_is_not_seen_is_answered_as_of_none(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("refund", {}), text("sorry"))
    async with open_desk(settings, plugins={"shop": shop}) as desk:
        result = await Visitor(desk, "ann").ask("Give it back")
    assert result.answer == "sorry"
    assert "refunded" not in str(upstream.requests[-1].body)


@pytest.mark.parametrize(
    ("allow", "deny", "agent", "allowed"),
    [
        (["*"], [], "triage", True),
        (["sql_*"], [], "triage", True),
        (["mail_*"], [], "triage", False),
        (["*"], ["sql_*"], "triage", False),
        (["*"], ["triage/sql_*"], "triage", False),
        (["*"], ["triage/sql_*"], "legal", True),
        (["*"], ["acme/*/sql_read"], "legal", False),
        (["*"], ["other/*/sql_read"], "legal", True),
        (["acme/legal/*", "other/*/*"], [], "legal", True),
        (["acme/legal/*", "other/*/*"], [], "triage", False),
    ],
)
def test_rules_speak_of_tools_agents_and_tenants(
    allow: list[str], deny: list[str], agent: str, allowed: bool
) -> None:
    assert Access(allow, deny).allows(Caller("acme", "ann"), agent, "sql_read") is allowed


async def test_a_tenant_sees_only_what_the_rules_let_it_see(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    chosen = settings.model_copy(update={"tools_deny": ("acme/*/clock", "specialist/*")})
    async with open_desk(chosen) as desk:
        await Visitor(desk, "ann", "acme").ask("Hello")
        assert "clock" not in offered(upstream)
        assert (await Visitor(desk, "ann", "acme").ask("What time is it?")).rung == "triage"
        await Visitor(desk, "ann", "other").ask("Hello")
        assert "clock" in offered(upstream)
