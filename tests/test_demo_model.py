"""The demo model under the SDK's runner: it uses what it is offered, and says that it is no AI."""

import json
from typing import Annotated, Any

import pytest
from agents import Agent, RunConfig, Runner, Tool, function_tool
from agents.items import ToolCallItem
from agents.result import RunResult, RunResultStreaming
from openai.types.responses import ResponseFunctionToolCall, ResponseTextDeltaEvent
from pydantic import Field

from frontdesk.demo import NOTICE, DemoModel, DemoModels

PROMPT = """# Front desk / 안내

Be kind.

## Facts

- We are open from Monday to Friday. / 월-금에 영업합니다.

## Else

- Refunds are a secret.
"""


@function_tool
async def clock(zone: str = "Asia/Seoul") -> str:
    """The current date and time."""
    return json.dumps({"zone": zone, "time": "12:00"})


@function_tool
async def parcel(number: Annotated[str, Field(pattern=r"^\d{4}-\d{4}$")]) -> str:
    """Looks up an order."""
    return f"Parcel {number} is at the gate."


@function_tool
async def release() -> str:
    """Gives the conversation back to the front desk when the subject is settled."""
    return "Done."


def desk(*tools: Tool, name: str = "triage") -> Agent[None]:
    complaints = Agent[None](
        name="complaints",
        instructions="# Complaints / 불만 담당",
        handoff_description="Complaints, refunds and contracts.",
        tools=[parcel, release],
    )
    agent = Agent[None](name="triage", instructions=PROMPT, tools=[*tools], handoffs=[complaints])
    return agent if name == "triage" else complaints


def config(word_s: float = 0.0) -> RunConfig:
    return RunConfig(model_provider=DemoModels(word_s), tracing_disabled=True)


async def ask(agent: Agent[None], *said: str) -> RunResult:
    given: Any = [{"role": "user", "content": each} for each in said]
    return await Runner.run(agent, given, run_config=config())


def called(result: RunResult | RunResultStreaming) -> list[tuple[str, str]]:
    calls = [item.raw_item for item in result.new_items if isinstance(item, ToolCallItem)]
    return [(c.name, c.arguments) for c in calls if isinstance(c, ResponseFunctionToolCall)]


@pytest.mark.parametrize(
    "message",
    [
        "I want to complain about you",
        "Give me my money back",
        "It came broken, and I want a refund for 2024-1001",
        "환불해 주세요",
        "계약을 해지하고 싶어요",
    ],
)
async def test_complaints_are_handed_over(message: str) -> None:
    result = await ask(desk(clock, parcel), message)
    assert result.last_agent.name == "complaints"
    assert result.final_output.startswith(("(Complaints)", "(불만 담당)"))


async def test_nothing_is_handed_over_where_no_handoff_is_offered() -> None:
    result = await ask(desk(name="complaints"), "I want my money back")
    assert "I did not understand" in result.final_output


@pytest.mark.parametrize("message", ["What time is it over there?", "지금 몇 시쯤 됐을까요?"])
async def test_a_tool_is_called_when_its_description_is_about_the_message(message: str) -> None:
    result = await ask(desk(clock, parcel), message)
    assert called(result) == [("clock", '{"zone": "Asia/Seoul"}')]
    assert "[clock] zone: Asia/Seoul, time: 12:00" in result.final_output


@pytest.mark.parametrize("message", ["My number is 2024-1002.", "2024-1002번은 어때요?"])
async def test_a_tool_gets_the_argument_whose_pattern_stands_in_the_message(message: str) -> None:
    result = await ask(desk(clock, parcel), message)
    assert called(result) == [("parcel", '{"number": "2024-1002"}')]
    assert "Parcel 2024-1002 is at the gate." in result.final_output


async def test_a_tool_that_is_not_offered_is_not_called() -> None:
    result = await ask(desk(clock), "Where is my order 2024-1002?")
    assert called(result) == []


async def test_free_text_goes_to_a_tool_as_it_is() -> None:
    @function_tool
    async def weather(question: str) -> str:
        """Knows the weather."""
        return f"Rain: {question}"

    result = await ask(desk(weather), "How is the weather in Jeju?")
    assert result.final_output.endswith("[weather] Rain: How is the weather in Jeju?")


async def test_a_specialist_that_is_told_all_is_settled_gives_the_session_back() -> None:
    result = await ask(desk(name="complaints"), "That's all, thank you")
    assert called(result) == [("release", "{}")]
    assert result.final_output == "You are welcome."


async def test_facts_of_the_instructions_are_told_in_the_users_language() -> None:
    assert "We are open" in (await ask(desk(clock), "Are you open on Sunday?")).final_output
    assert "월-금에 영업합니다" in (await ask(desk(clock), "일요일에 영업하나요?")).final_output
    assert "secret" not in (await ask(desk(clock), "Are you open on Sunday?")).final_output


@pytest.mark.parametrize(
    ("told", "asked", "name"),
    [
        ("Hi, my name is Minsu Kim and I like tea", "What is my name?", "Minsu Kim"),
        ("내 이름은 지영이야", "내 이름이 뭐야?", "지영"),
        ("제 이름은 김철수입니다.", "제 이름 기억하세요?", "김철수"),
    ],
)
async def test_a_name_is_remembered_from_earlier_messages(told: str, asked: str, name: str) -> None:
    assert f"{name}" in (await ask(desk(), told)).final_output
    assert f" {name}" in (await ask(desk(), told, "thanks", asked)).final_output


async def test_an_unknown_name_is_not_invented() -> None:
    assert "not told me" in (await ask(desk(), "hello", "What's my name?")).final_output


@pytest.mark.parametrize("message", ["Are you an AI?", "너는 누구야?", "hello", "Blue sky", "하늘"])
async def test_it_says_that_it_is_no_ai(message: str) -> None:
    assert NOTICE in (await ask(desk(clock), message)).final_output


async def test_what_it_cannot_do_names_what_it_can() -> None:
    result = await ask(desk(clock, parcel), "Write me a poem")
    assert "clock, parcel, complaints" in result.final_output


async def test_thanks_are_answered() -> None:
    assert (await ask(desk(clock), "고마워요")).final_output.startswith("천만에요")


async def test_a_stream_is_the_same_answer_word_by_word() -> None:
    running = Runner.run_streamed(desk(clock), "What time is it there?", run_config=config(0.001))
    deltas = [
        event.data.delta
        async for event in running.stream_events()
        if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent)
    ]
    assert called(running) == [("clock", '{"zone": "Asia/Seoul"}')]
    assert len(deltas) > 3
    assert "".join(deltas) == running.final_output


async def test_usage_comes_from_lengths_streamed_or_not() -> None:
    result = await ask(desk(clock), "thanks")
    running = Runner.run_streamed(desk(clock), "thanks", run_config=config())
    async for _ in running.stream_events():
        pass
    usage = result.context_wrapper.usage
    assert usage.output_tokens == len("You are welcome.") // 4
    assert usage.input_tokens > len(PROMPT) // 4
    assert running.context_wrapper.usage.total_tokens == usage.total_tokens


async def test_every_name_is_the_demo_model() -> None:
    assert isinstance(DemoModels().get_model("gpt-6-luna"), DemoModel)
    assert isinstance(DemoModels().get_model(None), DemoModel)


async def test_call_ids_are_never_used_twice() -> None:
    results = [await ask(desk(clock), "What time is it there?") for _ in range(2)]
    items = [item for each in results for item in each.new_items]
    ids = {item.call_id for item in items if isinstance(item, ToolCallItem)}
    assert len(ids) == 2
