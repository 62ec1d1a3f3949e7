"""The fake OpenAI as its official client meets it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx2
import pytest
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, RateLimitError

from frontdesk.testing.fake_openai import (
    FakeOpenAI,
    cut,
    fake_openai,
    malformed,
    slow,
    status,
    text,
    together,
    tool_call,
)

APIS = ("responses", "chat_completions")
pytestmark = pytest.mark.parametrize("api", APIS)


async def whole(client: AsyncOpenAI, api: str, message: str, **extra: Any) -> str:
    if api == "responses":
        answer = await client.responses.create(model="m", input=message, **extra)
        return str(answer.output_text)
    given: Any = [{"role": "user", "content": message}]
    done = await client.chat.completions.create(model="m", messages=given, **extra)
    return done.choices[0].message.content or ""


async def streamed(client: AsyncOpenAI, api: str, message: str) -> AsyncIterator[str]:
    if api == "responses":
        async for event in await client.responses.create(model="m", input=message, stream=True):
            if event.type == "response.output_text.delta":
                yield event.delta
        return
    given: Any = [{"role": "user", "content": message}]
    async for chunk in await client.chat.completions.create(model="m", messages=given, stream=True):
        yield chunk.choices[0].delta.content or ""


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  # the fake tells nobody when a client leaves
        await asyncio.sleep(0.001)


async def post(upstream: FakeOpenAI, api: str, body: Mapping[str, Any]) -> httpx2.Response:
    path = "/responses" if api == "responses" else "/chat/completions"
    async with httpx2.AsyncClient() as http:
        return await http.post(upstream.base_url + path, json=body)


async def test_a_plain_message_is_repeated(client: AsyncOpenAI, api: str) -> None:
    assert await whole(client, api, "안녕 [slow:0]") == "You said: 안녕"


async def test_a_stream_is_the_same_text_in_words(client: AsyncOpenAI, api: str) -> None:
    pieces = [piece async for piece in streamed(client, api, "one  two\nthree") if piece]
    assert pieces == ["You", " said:", " one", "  two", "\nthree"]


async def test_usage_follows_from_lengths(client: AsyncOpenAI, api: str) -> None:
    if api == "responses":
        answer = await client.responses.create(model="m", input="[long:100]")
        assert answer.usage
        counted = (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens)
    else:
        given: Any = [{"role": "user", "content": "[long:100]"}]
        done = await client.chat.completions.create(model="m", messages=given)
        assert done.usage
        counted = (
            done.usage.prompt_tokens,
            done.usage.completion_tokens,
            done.usage.total_tokens,
        )
    assert counted[0] < 30
    assert counted[1] == len(" ".join(f"word{n}" for n in range(1, 101))) // 4
    assert counted[2] == counted[0] + counted[1]


async def test_the_strict_stream_helper_of_the_client_accepts_every_event(
    upstream: FakeOpenAI, client: AsyncOpenAI, api: str
) -> None:
    upstream.script(together(text("I look it up. "), tool_call("clock"), tool_call("clock")))
    if api == "responses":
        async with client.responses.stream(model="m", input="time?") as stream:
            kinds = [event.type async for event in stream]
            output = (await stream.get_final_response()).output
        assert kinds[-1] == "response.completed"
        assert [item.type for item in output] == ["message", "function_call", "function_call"]
    else:
        given: Any = [{"role": "user", "content": "time?"}]
        async with client.chat.completions.stream(
            model="m", messages=given, stream_options={"include_usage": True}
        ) as chat:
            done = await chat.get_final_completion()
        assert done.usage
        assert done.choices[0].message.content == "I look it up. "
        assert [call.function.name for call in done.choices[0].message.tool_calls or ()] == [
            "clock",
            "clock",
        ]


async def test_requests_are_counted_and_kept_until_reset(
    upstream: FakeOpenAI, client: AsyncOpenAI, api: str
) -> None:
    await whole(client, api, "remember me", extra_headers={"X-Probe": "7"})
    (request,) = upstream.requests
    assert upstream.calls == 1
    assert "remember me" in json.dumps(request.body)
    assert request.path.startswith("/v1/")
    assert request.headers["x-probe"] == "7"
    upstream.reset()
    assert (upstream.calls, upstream.requests) == (0, [])


async def test_kept_requests_can_be_bounded(api: str) -> None:
    async with (
        fake_openai(keep=1) as fake,
        AsyncOpenAI(base_url=fake.base_url, api_key="any") as client,
    ):
        await whole(client, api, "first")
        await whole(client, api, "second")
        assert "second" in str(fake.requests[0].body)
        assert (len(fake.requests), fake.calls) == (1, 2)


async def test_a_script_comes_before_the_markers(
    upstream: FakeOpenAI, client: AsyncOpenAI, api: str
) -> None:
    upstream.script(text("one"), text("two"))
    answers = [await whole(client, api, "[echo] hi") for _ in range(3)]
    assert answers[:2] == ["one", "two"]
    assert json.loads(answers[2]) == [{"role": "user", "text": "[echo] hi"}]


@pytest.mark.parametrize("marked", [True, False])
async def test_rate_limits_carry_retry_after(
    upstream: FakeOpenAI, client: AsyncOpenAI, api: str, marked: bool
) -> None:
    if not marked:
        upstream.script(status(429, retry_after=2))
    with pytest.raises(RateLimitError) as caught:
        await whole(client, api, "[429:2]" if marked else "hello")
    assert caught.value.response.headers["retry-after"] == "2"
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.request_id


async def test_errors_have_all_four_members(
    upstream: FakeOpenAI, client: AsyncOpenAI, api: str
) -> None:
    with pytest.raises(APIStatusError) as caught:
        await whole(client, api, "[500]")
    assert caught.value.status_code == 500
    assert caught.value.body == {
        "message": "The fake was asked for status 500.",
        "type": "server_error",
        "param": None,
        "code": None,
    }
    assert upstream.calls == 1


@pytest.mark.parametrize("marked", [True, False])
async def test_a_cut_stream_gives_text_and_then_raises(
    upstream: FakeOpenAI, client: AsyncOpenAI, api: str, marked: bool
) -> None:
    if not marked:
        upstream.script(cut("word1 word2 word3 word4"))
    pieces = streamed(client, api, "[long:8] [cut]" if marked else "hello")
    seen = "".join([await anext(pieces) for _ in range(4 if api == "responses" else 5)])
    assert seen == "word1 word2 word3 word4"
    with pytest.raises(APIConnectionError):
        await anext(pieces)


async def test_a_cut_answer_raises(client: AsyncOpenAI, api: str) -> None:
    with pytest.raises(APIConnectionError):
        await whole(client, api, "[cut]")


@pytest.mark.parametrize("marked", [True, False])
async def test_malformed_streams_do_not_parse(
    upstream: FakeOpenAI, client: AsyncOpenAI, api: str, marked: bool
) -> None:
    if not marked:
        upstream.script(malformed())
    with pytest.raises(json.JSONDecodeError):
        [piece async for piece in streamed(client, api, "[malformed]" if marked else "hello")]


async def test_malformed_answers_do_not_parse(upstream: FakeOpenAI, api: str) -> None:
    body = {"model": "m", "input": "[malformed]", "messages": [{"role": "user", "content": "x"}]}
    upstream.script(malformed())
    answer = await post(upstream, api, body)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_a_slow_stream_waits_before_each_word(
    upstream: FakeOpenAI, client: AsyncOpenAI, api: str
) -> None:
    clock = asyncio.get_running_loop().time
    upstream.script(slow(0.02, "a b c"))
    for message in ("scripted", "[long:3] [slow:0.02]"):
        begun = clock()
        times = [clock() - begun async for piece in streamed(client, api, message) if piece]
        assert len(times) == 3
        assert times[0] >= 0.02
        assert times[2] >= 0.06


async def test_a_pace_holds_for_the_first_word_and_the_others(api: str) -> None:
    clock = asyncio.get_running_loop().time
    async with (
        fake_openai(first_token_s=0.05, token_s=0.01) as fake,
        AsyncOpenAI(base_url=fake.base_url, api_key="any") as client,
    ):
        begun = clock()
        await whole(client, api, "[long:6]")
        assert clock() - begun >= 0.1
        begun = clock()
        times = [clock() - begun async for piece in streamed(client, api, "[long:6]") if piece]
        assert times[0] >= 0.05
        assert times[-1] >= 0.1


async def test_an_answer_stops_when_the_client_leaves(
    upstream: FakeOpenAI, client: AsyncOpenAI, api: str
) -> None:
    asking = asyncio.create_task(whole(client, api, "[slow:60]"))
    async with asyncio.timeout(5):
        await until(lambda: upstream.active == 1)
        asking.cancel()
        await until(lambda: upstream.active == 0)


async def test_a_call_without_its_result_is_refused(upstream: FakeOpenAI, api: str) -> None:
    call = {"type": "function_call", "call_id": "call_1", "name": "clock", "arguments": "{}"}
    function = {"name": "clock", "arguments": "{}"}
    calls = [{"id": "call_1", "type": "function", "function": function}]
    user = {"role": "user", "content": "hi"}
    body = {
        "model": "m",
        "input": [call, user],
        "messages": [{"role": "assistant", "tool_calls": calls}, user],
    }
    answer = await post(upstream, api, body)
    assert answer.status_code == 400
    assert "call_1" in answer.json()["error"]["message"]


async def test_a_result_without_its_call_is_refused(upstream: FakeOpenAI, api: str) -> None:
    body = {
        "model": "m",
        "input": [{"type": "function_call_output", "call_id": "call_1", "output": "x"}],
        "messages": [{"role": "tool", "tool_call_id": "call_1", "content": "x"}],
    }
    answer = await post(upstream, api, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == ("input" if api == "responses" else "messages")


async def test_broken_requests_get_openais_error_body(upstream: FakeOpenAI, api: str) -> None:
    answer = await post(upstream, api, {"model": "m"})
    assert answer.json()["error"]["code"] == "missing_required_parameter"
    wrong = {"model": "m", "input": [{"type": "function_call"}], "messages": [1]}
    answer = await post(upstream, api, wrong)
    assert answer.json()["error"]["code"] == "invalid_value"
    async with httpx2.AsyncClient() as http:
        url = upstream.base_url + ("/responses" if api == "responses" else "/chat/completions")
        assert (await http.post(url, content=b"{")).status_code == 400
        assert (await http.get(url)).status_code == 405
        assert (await http.get(upstream.base_url + "/nowhere")).json()["error"]["param"] is None


async def test_models_are_listed(client: AsyncOpenAI, api: str) -> None:
    assert "gpt-6-luna" in [model.id async for model in client.models.list()]
