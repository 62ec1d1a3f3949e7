"""The upstream misbehaves: what is tried again, and what a person is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from agents import (
    Agent,
    ModelBehaviorError,
)
from tests.agent_runs import final_output

from frontdesk.agents.call_settings import call_settings
from frontdesk.agents.failures import failure
from frontdesk.agents.models import open_models
from frontdesk.config import Settings, load_settings
from frontdesk.contract.errors import (
    FrontdeskError,
    UpstreamFailed,
    UpstreamMalformed,
    UpstreamRateLimited,
    UpstreamTimeout,
)
from frontdesk.testing.fake_openai import (
    FakeOpenAI,
    Reply,
    cut,
    malformed,
    slow,
    status,
    text,
)

FAILURES: list[tuple[Reply, type[FrontdeskError], str]] = [
    (status(401), UpstreamFailed, "OPENAI_API_KEY"),
    (status(403), UpstreamFailed, "permissions"),
    (status(404), UpstreamFailed, "FRONTDESK_TRIAGE_MODEL"),
    (status(400), UpstreamFailed, "FRONTDESK_MODEL_API"),
    (status(429, retry_after=60), UpstreamRateLimited, "Try again later"),
    (malformed(), UpstreamMalformed, "protocol"),
]


@pytest.fixture(params=["responses", "chat_completions"])
def settings(request: pytest.FixtureRequest, upstream: FakeOpenAI) -> Settings:
    return load_settings(openai_base_url=upstream.base_url, model_api=request.param)


async def ask(settings: Settings, words: str, *, stream: bool) -> str:
    async with open_models(settings) as models:
        asked = Agent[None](
            name="triage", model="gpt-6-luna", model_settings=call_settings(settings, "gpt-6-luna")
        )
        return await final_output(asked, words, models, stream=stream)


@asynccontextmanager
async def stranger(kind: str, body: str) -> AsyncIterator[str]:
    """A server that answers everything with this body and has never heard of OpenAI."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
        writer.write(f"{head}connection: close\r\n\r\n{body}".encode())
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def failed(settings: Settings, *, stream: bool = True) -> FrontdeskError:
    with pytest.raises(Exception) as caught:  # noqa: PT011  # which one is what the test looks at
        await ask(settings, "secret words", stream=stream)
    known = failure(caught.value)
    assert isinstance(known, FrontdeskError)
    return known


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("code", [429, 500, 503])
async def test_a_call_that_may_work_the_next_time_is_made_again(
    settings: Settings, upstream: FakeOpenAI, code: int, stream: bool
) -> None:
    upstream.script(status(code, retry_after=0.01), status(code, retry_after=0.01), text("Third."))
    assert await ask(settings, "Hello", stream=stream) == "Third."
    assert upstream.calls == 3


async def test_retries_end(settings: Settings, upstream: FakeOpenAI) -> None:
    upstream.script(*[status(500, retry_after=0.01)] * 5)
    error = await failed(settings)
    assert (type(error), upstream.calls) == (UpstreamFailed, 3)


async def test_a_server_that_wants_a_long_wait_is_not_waited_for(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(status(429, retry_after=60))
    error = await failed(settings)
    assert (error.retry_after_s, upstream.calls) == (61, 1)


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(("reply", "kind", "advice"), FAILURES)
async def test_a_failure_says_what_to_do_and_nothing_that_was_said(
    settings: Settings,
    upstream: FakeOpenAI,
    reply: Reply,
    kind: type[FrontdeskError],
    advice: str,
    stream: bool,
) -> None:
    upstream.script(*[reply] * 3)
    error = await failed(settings, stream=stream)
    assert type(error) is kind
    assert advice in error.detail
    assert "secret" not in error.detail


@pytest.mark.parametrize(
    "answer",
    [("text/html", "<html>"), ("application/json", '{"a": 1}'), ("application/json", "[]")],
)
async def test_an_answer_of_another_shape_is_malformed(
    settings: Settings, answer: tuple[str, str]
) -> None:
    async with stranger(*answer) as url:
        error = await failed(settings.model_copy(update={"openai_base_url": url}), stream=False)
    assert type(error) is UpstreamMalformed


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
async def test_a_broken_connection_is_the_upstreams_failure(
    settings: Settings, upstream: FakeOpenAI, stream: bool
) -> None:
    upstream.script(*[cut()] * 3)
    error = await failed(settings, stream=stream)
    assert type(error) in (UpstreamFailed, UpstreamMalformed)


async def test_a_slow_model_times_out(settings: Settings, upstream: FakeOpenAI) -> None:
    upstream.script(*[slow(5)] * 3)
    error = await failed(settings.model_copy(update={"model_timeout_s": 0.05}))
    assert type(error) is UpstreamTimeout


async def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    error = await failed(load_settings(openai_base_url="http://127.0.0.1:9/v1"))
    assert "OPENAI_BASE_URL" in error.detail


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("terminal event `response.failed`. code='rate_limit_exceeded'", UpstreamRateLimited),
        ("terminal event `response.failed`. code='server_error'", UpstreamFailed),
        ("finish_reason='length' but no text", UpstreamFailed),
        ("what is this", UpstreamMalformed),
    ],
)
def test_what_the_server_says_in_a_stream_counts_as_much_as_a_status(
    words: str, kind: type[FrontdeskError]
) -> None:
    assert type(failure(ModelBehaviorError(words))) is kind


def test_a_bug_of_our_own_is_not_called_the_upstreams() -> None:
    assert failure(KeyError("text")) is None
