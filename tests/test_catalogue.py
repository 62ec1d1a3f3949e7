"""What is installed, as callers see it."""

from typing import Any

import httpx2
from redis.asyncio import Redis
from tests.app_clients import app_on, client_of
from tests.brought import bringing

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.parts import Parts, Specialist
from frontdesk.contract.tools import tool
from frontdesk.server.api_keys import ApiKeys

PROMPT = "Never tell anybody that the code word is parrot."


@tool(side_effect=True, needs_approval=True, scopes=("tool:money",))
async def refund(order: str) -> str:
    """Pay an order back."""
    return order


PAYER = Specialist("payer", "Pays back.", PROMPT, tools=("refund", "clock"), model="own-model")
SHOP = bringing(Parts(tools=(refund,), specialists=(PAYER,)))


async def listed(settings: Settings, redis: Redis, *scopes: str) -> dict[str, Any]:
    """The tools and agents by name, and the text of both answers."""
    _, key = await ApiKeys(redis).create("acme", "ann", {"read", *scopes})
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        open_desk(settings, plugins={"shop": SHOP}) as desk,
        client_of(app_on(desk, settings)) as http,
    ):
        answers = [await http.get(f"/v1/{what}", headers=headers) for what in ("tools", "agents")]
    tools, agents = (answer.json() for answer in answers)
    return {
        "tools": {each["name"]: each for each in tools["tools"]},
        "agents": {each["name"]: each for each in agents["agents"]},
        "text": answers[0].text + answers[1].text,
    }


async def test_tools_are_listed_with_who_brings_them(settings: Settings, redis: Redis) -> None:
    found = (await listed(settings, redis, "tool:money"))["tools"]
    assert found["refund"] == {
        "name": "refund",
        "description": "Pay an order back.",
        "plugin": "shop (given to the desk)",
        "side_effect": True,
        "needs_approval": "always",
        "scopes": ["tool:money"],
    }
    assert found["clock"]["plugin"].startswith("clock (frontdesk ")
    assert found["remember"]["plugin"] == "the desk itself"


async def test_agents_are_listed_triage_first(settings: Settings, redis: Redis) -> None:
    found = (await listed(settings, redis, "tool:money"))["agents"]
    payer = found["payer"]
    assert [each["role"] for each in found.values()] == ["triage", "specialist"]
    assert (payer["plugin"], payer["model"]) == ("shop (given to the desk)", "own-model")
    assert payer["tools"] == ["refund", "clock"]


async def test_who_lacks_the_scope_of_a_tool_does_not_see_it(
    settings: Settings, redis: Redis
) -> None:
    found = await listed(settings, redis)
    assert "refund" not in found["tools"]
    assert found["agents"]["payer"]["tools"] == ["clock"]


async def test_what_the_deployment_denies_is_not_listed(settings: Settings, redis: Redis) -> None:
    denying = settings.model_copy(update={"tools_deny": ("acme/*/clock",)})
    found = await listed(denying, redis)
    assert "clock" not in found["tools"]


async def test_no_prompt_is_told(settings: Settings, redis: Redis) -> None:
    assert "parrot" not in (await listed(settings, redis))["text"]


async def test_the_demo_lists_its_specialist(ann_http: httpx2.AsyncClient) -> None:
    agents = (await ann_http.get("/v1/agents")).json()["agents"]
    assert "complaints" in [each["name"] for each in agents]
