"""The crew: who answers, what a run tells and what it leaves in the ledger."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from agents import Usage, function_tool
from agents.items import TResponseStreamEvent
from agents.testing import ModelStep, ScriptedModel
from agents.testing.model import ModelCall as Asked
from agents.tool import Tool as SdkTool
from openai.types.responses import (
    Response,
    ResponseCreatedEvent,
    ResponseIncompleteEvent,
    ResponseOutputMessage,
    ResponseOutputRefusal,
)
from openai.types.responses.response import IncompleteDetails
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails
from tests.crews import TO_SPECIALIST, context_of, crew_of, heard, kinds, say, use

from frontdesk.agents.crew import Crew
from frontdesk.agents.models import open_models
from frontdesk.agents.triage import triage
from frontdesk.budget import Unlimited
from frontdesk.config import Settings
from frontdesk.contract.context import Ledger, ModelCall
from frontdesk.contract.errors import (
    TurnLimit,
    UpstreamFailed,
    UpstreamMalformed,
)
from frontdesk.contract.events import Happening, TextDelta, ToolCalled, ToolFinished
from frontdesk.contract.guardrails import Blocked, Verdict
from frontdesk.contract.tools import Tool
from frontdesk.testing.fake_openai import fake_openai, slow
from frontdesk.tools.binding import bind

pytestmark = pytest.mark.usefixtures("no_traces")


@function_tool(failure_error_function=None)
async def forbidden() -> str:
    """Returns what a guardrail stops."""
    raise Blocked(Verdict("block", "No."))


def endless_tool(started: asyncio.Event) -> SdkTool:
    @function_tool
    async def endless() -> str:
        """Never comes back."""
        started.set()
        await asyncio.Event().wait()
        return ""

    return endless


def texts(events: list[Happening]) -> dict[int, str]:
    said: dict[int, str] = {}
    for event in events:
        if isinstance(event, TextDelta):
            said[event.message] = said.get(event.message, "") + event.text
    return said


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
async def test_a_turn_is_told_in_the_order_in_which_it_happens(stream: bool) -> None:
    model = ScriptedModel([[say("One moment."), use("clock")], [say("It is noon.")]])
    events = await heard(crew_of(model), context_of(stream=stream))
    assert kinds(events) == ["text.delta", "tool.called", "tool.finished", "text.delta"]
    assert texts(events) == {0: "One moment.", 1: "It is noon."}


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
async def test_a_turn_is_streamed_upstream_only_when_somebody_reads_along(stream: bool) -> None:
    model = ScriptedModel([[say("Hi.")]])
    await heard(crew_of(model), context_of(stream=stream))
    assert [call.streamed for call in model.calls] == [stream]


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
async def test_a_refusal_of_the_model_is_its_answer(stream: bool) -> None:
    refusal = ResponseOutputMessage(
        id="msg_1",
        role="assistant",
        status="completed",
        type="message",
        content=[ResponseOutputRefusal(type="refusal", refusal="I can't help with that.")],
    )
    context = context_of(stream=stream)
    events = await heard(crew_of(ScriptedModel([[refusal]])), context)
    assert texts(events) == {0: "I can't help with that."}
    assert context.ledger.items == [{"role": "assistant", "content": "I can't help with that."}]


async def test_items_are_kept_without_ids_and_a_call_only_with_its_result() -> None:
    context = context_of()
    model = ScriptedModel([[say("One moment."), use("clock")], [say("Noon.")]])
    await heard(crew_of(model), context)
    first, call, output, last = context.ledger.items
    assert (first["content"], last["content"]) == ("One moment.", "Noon.")
    assert (call["type"], output["type"]) == ("function_call", "function_call_output")
    assert call["call_id"] == output["call_id"]
    assert not [item for item in context.ledger.items if "id" in item or "status" in item]


async def test_a_failed_run_keeps_what_was_completed() -> None:
    context = context_of()
    model = ScriptedModel([[use("clock")], KeyError("bug")])
    with pytest.raises(KeyError):
        await heard(crew_of(model), context)
    assert [item["type"] for item in context.ledger.items] == [
        "function_call",
        "function_call_output",
    ]


async def test_an_answer_without_an_end_is_malformed() -> None:
    async def silence(_asked: Asked) -> AsyncIterator[TResponseStreamEvent]:
        yield ResponseCreatedEvent.construct(type="response.created")

    model = ScriptedModel([ModelStep.stream(silence)])
    with pytest.raises(UpstreamMalformed):
        await heard(crew_of(model), context_of())


async def test_an_answer_that_was_cut_off_says_which_limit_to_raise() -> None:
    reason = IncompleteDetails(reason="max_output_tokens")
    answer = Response.construct(status="incomplete", incomplete_details=reason)
    event = ResponseIncompleteEvent.construct(type="response.incomplete", response=answer)
    with pytest.raises(UpstreamFailed, match="FRONTDESK_MAX_OUTPUT_TOKENS"):
        await heard(crew_of(ScriptedModel([ModelStep.stream([event])])), context_of())


async def test_calls_are_noted_with_agent_model_and_tokens() -> None:
    usage = Usage(
        requests=1,
        input_tokens=100,
        input_tokens_details=InputTokensDetails(cached_tokens=60, cache_write_tokens=0),
        output_tokens=20,
        output_tokens_details=OutputTokensDetails(reasoning_tokens=5),
        total_tokens=120,
    )
    context = context_of()
    model = ScriptedModel([[use(TO_SPECIALIST)], [say("Gladly.")]], default_usage=usage)
    await heard(crew_of(model), context)
    assert context.ledger.calls == [
        ModelCall("triage", "gpt-6-luna", 100, 60, 20, 5),
        ModelCall("specialist", "gpt-6.1-sol", 100, 60, 20, 5),
    ]


async def test_a_tool_that_does_not_exist_has_failed_and_the_turn_goes_on() -> None:
    context = context_of()
    model = ScriptedModel([[use("missing")], [say("Sorry.")]])
    events = await heard(crew_of(model), context)
    assert events[:2] == [
        ToolCalled("turn_1", "missing", "call_1"),
        ToolFinished("turn_1", "missing", "call_1", False, 0.0),
    ]
    assert context.ledger.items == [{"role": "assistant", "content": "Sorry."}]


async def test_a_crew_that_comes_to_no_answer_is_stopped() -> None:
    model = ScriptedModel([[use("clock", f"call_{n}")] for n in range(5)])
    with pytest.raises(TurnLimit, match="FRONTDESK_MAX_MODEL_CALLS"):
        await heard(crew_of(model, max_model_calls=2), context_of())
    assert len(model.calls) == 2


async def test_closing_the_run_stops_it_and_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    model = ScriptedModel([[use("endless")], [say("Too late.")]])
    crew = crew_of(model, endless_tool(asyncio.Event()))
    run = crew.run(context_of(), facts=(), agent=None, spend=Unlimited())
    async with aclosing(run) as events:
        assert isinstance(await anext(events), ToolCalled)
    assert asyncio.all_tasks() == before
    assert len(model.calls) == 1


async def test_closing_the_run_breaks_the_models_call_off() -> None:
    async with fake_openai() as fake:
        settings = Settings(_env_file=None, openai_base_url=fake.base_url)
        fake.script(slow(0.01, "One more word. " * 10_000))
        async with open_models(settings) as models, asyncio.timeout(5):
            crew = Crew(triage(), (), {}, models, settings)
            run = crew.run(context_of(), facts=(), agent=None, spend=Unlimited())
            async with aclosing(run) as events:
                assert isinstance(await anext(events), TextDelta)
            while fake.active:  # noqa: ASYNC110  # the fake tells nobody when a client leaves
                await asyncio.sleep(0.001)


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
async def test_an_empty_answer_is_malformed(stream: bool) -> None:
    with pytest.raises(UpstreamMalformed, match="nothing"):
        await heard(crew_of(ScriptedModel([[say("")]])), context_of(stream=stream))


async def test_cancelling_the_reader_stops_the_run_and_leaves_no_task() -> None:
    before, started = asyncio.all_tasks(), asyncio.Event()
    crew = crew_of(ScriptedModel([[use("endless")]]), endless_tool(started))
    reader = asyncio.create_task(heard(crew, context_of()))
    await started.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert asyncio.all_tasks() == before


async def test_a_guardrail_that_stops_a_tools_result_stops_the_run() -> None:
    context = context_of()
    with pytest.raises(Blocked) as caught:
        await heard(crew_of(ScriptedModel([[use("forbidden")]]), forbidden), context)
    assert caught.value.verdict.text == "No."
    assert context.ledger.items == []


async def test_a_tool_that_fails_is_told_as_failed_with_its_own_time() -> None:
    async def broken() -> str:
        """Fails."""
        raise RuntimeError

    async def unchecked(result: str, _ledger: Ledger) -> str:
        return result

    context = context_of()
    tool = bind(Tool("broken", broken), unchecked)
    model = ScriptedModel([[use("broken")], [say("Sorry.")]])
    events = await heard(crew_of(model, tool), context)
    (noted,) = context.ledger.tools
    assert events[1] == ToolFinished("turn_1", "broken", "call_1", False, noted.ms)


async def test_tools_of_the_sdk_are_timed_too() -> None:
    context = context_of()
    events = await heard(crew_of(ScriptedModel([[use("clock")], [say("Noon.")]])), context)
    (noted,) = context.ledger.tools
    assert (noted.name, noted.ok) == ("clock", True)
    assert events[1] == ToolFinished("turn_1", "clock", "call_1", True, noted.ms)
