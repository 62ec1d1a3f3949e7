"""Nothing of a user crosses to another in a tool: 200 turns of two tenants at once, with tools of a
plugin, in threads, before any model, and of an MCP server with users' own tokens.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from tests import mcp_server
from tests.mcp_tools import named

from frontdesk.assembly import open_desk
from frontdesk.config import load_settings
from frontdesk.contract.context import TurnContext
from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.contract.tools import First, tool
from frontdesk.desk import Desk
from frontdesk.sessions import clients
from frontdesk.testing import Visitor, fake_openai
from frontdesk.tools.fence import data_in

Value = TypeVar("Value")
User = tuple[str, str]

TENANTS = ("acme", "zeta")
USERS: tuple[User, ...] = tuple((tenant, f"u{n}") for n in range(100) for tenant in TENANTS)
NO_ACCESS = "The tool probe_whoami was not called: this user has no access to its server."


@asynccontextmanager
async def notes(_place: PluginPlace) -> AsyncIterator[Parts]:
    """A plugin that keeps a note for each user."""
    kept: dict[User, str] = {}

    @tool(side_effect=True, first=First(r"^keep (?P<note>\S+)$", str))
    async def keep(context: TurnContext, note: str) -> str:
        """Keeps a note."""
        await asyncio.sleep(0)
        kept[context.tenant, context.user] = note
        return f"kept {note}"

    @tool(concurrency=8, first=First("^tell my note$", str))
    def note(context: TurnContext) -> str:
        """Tells the note; it blocks a little."""
        time.sleep(0.0005)
        return kept.get((context.tenant, context.user), "nothing")

    yield Parts(tools=(keep, note))


@asynccontextmanager
async def desk_of(redis_url: str, folder: Path) -> AsyncIterator[Desk]:
    """A desk with the plugin and the MCP server."""
    async with mcp_server.served() as url, fake_openai(keep=1) as upstream:
        file = named(folder, probe={"url": url, "user_tokens": "tokens.toml", "connections": 8})
        place: dict[str, Any] = {"redis_url": redis_url, "secret": "s", "data_dir": folder}
        chosen = load_settings(
            **place, openai_base_url=upstream.base_url, mcp_servers=file, max_waiting=10
        )
        async with open_desk(chosen, plugins={"notes": notes}) as desk:
            yield desk


def kind(number: int) -> str:
    """How a user speaks: one in 25 by a model to the plugin, one to the MCP server."""
    return {0: "mcp", 7: "model"}.get(number % 25, ("keep", "tell")[number % 2])


class Crowd(RuleBasedStateMachine):
    """What each user keeps and which tokens there are, beside what the tools say of it."""

    url: str
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner, self.stack = asyncio.Runner(), AsyncExitStack()
        self.notes: dict[User, str] = {}
        self.tokens: Mapping[User, str] = {}
        self.give({})
        self.desk = self.do(self.stack.enter_async_context(desk_of(self.url, self.folder)))

    def do(self, work: Coroutine[Any, Any, Value]) -> Value:
        return self.runner.run(work)

    def give(self, tokens: Mapping[User, str]) -> None:
        path = self.folder / "tokens.toml"
        tables = {each: f"[{each}]\n" for each in TENANTS}
        for (tenant, user), token in tokens.items():
            tables[tenant] += f'{user} = "{token}"\n'
        path.write_text("".join(tables.values()))
        path.chmod(0o600)
        self.tokens = tokens

    @rule(every=st.integers(1, 3), salt=st.integers(0, 99))
    def tokens_change(self, every: int, salt: int) -> None:
        self.give({user: f"key-{salt}-{n}" for n, user in enumerate(USERS) if n % every == 0})

    @rule(salt=st.integers(0, 99))
    def all_speak_at_once(self, salt: int) -> None:
        said = [self.said(user, kind(n + salt), f"{salt}-{n}") for n, user in enumerate(USERS)]
        answers = self.do(self.answers([message for message, _ in said]))
        assert answers == [expected for _, expected in said]

    async def answers(self, messages: list[str]) -> list[str]:
        visitors = [Visitor(self.desk, user, tenant) for tenant, user in USERS]
        pairs = zip(visitors, messages, strict=True)
        results = await asyncio.gather(*(each.ask(words) for each, words in pairs))
        return [data_in(each.answer or str(each.error)) for each in results]

    def said(self, user: User, how: str, new: str) -> tuple[str, str]:
        """What the user says, and what must be answered."""
        if how == "mcp":
            token = self.tokens.get(user)
            said = " ".join((*user, "None", "Bearer", token)) if token else NO_ACCESS
            return "[tool:probe_whoami] please", said
        if how == "tell":
            return "Tell my note", self.notes.get(user, "nothing")
        self.notes[user] = new
        if how == "keep":
            return f"Keep {new}", f"kept {new}"
        return f'[tool:keep {{"note": "{new}"}}] [tool:note] please', new

    def teardown(self) -> None:
        self.do(self.stack.aclose())
        self.runner.close()


def test_nothing_of_a_user_crosses_to_another_in_a_tool(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A slow machine must not make a failure of the store of it: that is another test's subject.
    monkeypatch.setattr(clients, "DEADLINE_S", 60.0)
    monkeypatch.setitem(clients._LIMITS, "socket_timeout", 60.0)

    class Here(Crowd):
        url, folder = redis_url, tmp_path

    bounds = settings(
        max_examples=2,
        stateful_step_count=4,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Here, settings=bounds)
