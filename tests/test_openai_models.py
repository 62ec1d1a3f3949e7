"""What a client may name as `model`, and who answers it."""

import httpx2
import openai
import pytest
from openai import AsyncOpenAI
from redis.asyncio import Redis
from tests.app_clients import app_on, served
from tests.openai_callers import Front, ask, user

from frontdesk.config import Settings
from frontdesk.contract.errors import SettingsError
from frontdesk.desk import Desk
from frontdesk.server.api_keys import ApiKeys
from frontdesk.server.openai.aliases import read_aliases

ORDER = "Where is my order 2024-1001?"
"""A handler of the shop answers this."""


async def test_the_models_are_the_desk_its_agents_and_their_aliases(
    ann_openai: AsyncOpenAI,
) -> None:
    found = [model.id async for model in ann_openai.models.list()]
    assert found == ["frontdesk", "triage", "complaints", "gpt-4o", "support"]
    assert (await ann_openai.models.retrieve("gpt-4o")).owned_by == "frontdesk"


async def test_an_unknown_model_is_a_404_everywhere(ann_openai: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as shown:
        await ann_openai.models.retrieve("gpt-2")
    with pytest.raises(openai.NotFoundError) as asked:
        await ann_openai.chat.completions.create(model="lost", messages=user("hi"))
    assert shown.value.code == asked.value.code == "model_not_found"
    assert asked.value.param == "model"


async def test_any_other_name_can_have_an_alias() -> None:
    aliases = read_aliases(("*=triage", "gpt-4o = frontdesk"))
    assert [aliases.agent(name, ["triage"]) for name in ("x", "gpt-4o", "triage")] == [
        "triage",
        "",
        "triage",
    ]
    with pytest.raises(SettingsError, match="alias=agent"):
        read_aliases(("gpt-4o",))


async def test_an_answer_carries_the_name_that_was_asked_for(ann_openai: AsyncOpenAI) -> None:
    answer = await ann_openai.chat.completions.create(model="gpt-4o", messages=user("hello"))
    assert (answer.model, answer.choices[0].message.content) == ("gpt-4o", "You said: hello")
    assert (answer.id.partition("-")[0], answer.choices[0].finish_reason) == ("chatcmpl", "stop")
    assert answer.usage
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_a_model_names_the_agent_that_answers(ann_at_front: httpx2.AsyncClient) -> None:
    answer = await ask(ann_at_front, "hello", model="support")
    assert answer.headers["x-frontdesk-rung"] == "specialist"


async def test_a_server_without_keys_takes_the_word_none_for_one(
    desk: Desk, settings: Settings
) -> None:
    async with (
        served(app_on(desk, settings)) as url,
        AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client,
    ):
        answer = await client.chat.completions.create(model="frontdesk", messages=user("hello"))
        assert answer.choices[0].message.content == "You said: hello"


async def test_where_there_are_keys_the_word_none_is_not_one(front: Front) -> None:
    async with AsyncOpenAI(base_url=front.base_url, api_key="none") as client:
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()


async def test_a_key_that_acts_for_users_lists_the_models_for_nobody(
    front: Front, redis: Redis
) -> None:
    _, key = await ApiKeys(redis).create("acme", None, {"chat", "read", "act-as-user"})
    async with AsyncOpenAI(base_url=front.base_url, api_key=key, max_retries=0) as client:
        assert len((await client.models.list()).data) == 5
        with pytest.raises(openai.BadRequestError):
            await client.chat.completions.create(model="frontdesk", messages=user("hello"))
