"""What a client wishes of its models: given to them as far as they and the deployment allow it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.protocol_desks import WEATHER, desk_of, offered, output, said, sent

from frontdesk.agents.call_settings import call_settings
from frontdesk.agents.wishes import wished
from frontdesk.config import Settings, load_settings
from frontdesk.contract.errors import InvalidRequest, NotFound
from frontdesk.contract.messages import Caller, Message, Wishes
from frontdesk.desk import Desk
from frontdesk.testing import FakeOpenAI, Visitor, handoff, stopped, text, tool_call

SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}}
FORMAT = {"type": "json_schema", "name": "titled", "schema": SCHEMA, "strict": True}


@pytest_asyncio.fixture(params=["responses", "chat_completions"])
async def desk(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with desk_of(settings, request.param) as opened:
        yield opened


def limit(body: Any) -> Any:
    return body.get("max_output_tokens") or body.get("max_tokens")


async def test_numbers_reach_the_model(ann: Visitor, upstream: FakeOpenAI) -> None:
    wishes = Wishes(temperature=0.2, top_p=0.5, max_output_tokens=77, effort="low")
    await ann.ask("Hello there", wishes=wishes)
    body = sent(upstream)
    assert (body["temperature"], body["top_p"], limit(body)) == (0.2, 0.5, 77)
    assert body.get("reasoning_effort") or body["reasoning"] == {"effort": "low"}


async def test_nothing_is_wished_by_itself(ann: Visitor, upstream: FakeOpenAI) -> None:
    await ann.ask("Hello there")
    assert not {"temperature", "top_p", "tool_choice", "reasoning"} & sent(upstream).keys()


async def test_the_deployment_s_limit_holds(
    ann: Visitor, upstream: FakeOpenAI, settings: Settings
) -> None:
    await ann.ask("Hello there", wishes=Wishes(max_output_tokens=10_000_000))
    assert limit(sent(upstream)) == settings.max_output_tokens


async def test_they_hold_for_a_specialist_and_for_this_turn_only(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(handoff("specialist"), text("Hm."), text("Yes."))
    await ann.ask("A hard question", wishes=Wishes(temperature=0.3))
    assert [each.body["temperature"] for each in upstream.requests] == [0.3, 0.3]
    await ann.ask("And now?")
    assert "temperature" not in sent(upstream)


async def test_a_format_reaches_the_model_and_handlers_do_not_answer(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(text('{"title": "x"}'))
    result = await ann.ask("Give it a title", wishes=Wishes(text_format=FORMAT))
    assert result.answer == '{"title": "x"}'
    body = sent(upstream)
    told = body.get("text", {}).get("format") or body["response_format"]["json_schema"]
    assert (told["name"], told["schema"], told["strict"]) == ("titled", SCHEMA, True)


async def test_any_json_can_be_wished(ann: Visitor, upstream: FakeOpenAI) -> None:
    await ann.ask("Give it a title", wishes=Wishes(text_format={"type": "json_object"}))
    body = sent(upstream)
    assert (body.get("response_format") or body["text"]["format"]) == {"type": "json_object"}


@pytest.mark.parametrize("choice", ["required", "weather"])
async def test_a_choice_among_the_client_s_tools_reaches_the_model(
    ann: Visitor, upstream: FakeOpenAI, choice: str
) -> None:
    wishes = Wishes(tool_choice=choice, parallel_tool_calls=False)
    upstream.script(tool_call("weather"))
    result = await ann.ask("Hello there", client_tools=(WEATHER,), wishes=wishes)
    assert len(result.calls) == 1
    assert choice in str(sent(upstream)["tool_choice"])
    assert sent(upstream)["parallel_tool_calls"] is False


async def test_none_of_the_client_s_tools_can_be_chosen(ann: Visitor, upstream: FakeOpenAI) -> None:
    await ann.ask("Hello there", client_tools=(WEATHER,), wishes=Wishes(tool_choice="none"))
    assert "weather" not in offered(upstream)
    assert "look" in offered(upstream)


@pytest.mark.parametrize(
    "wishes",
    [
        Wishes(temperature=2.5),
        Wishes(temperature=float("nan")),
        Wishes(top_p=-0.1),
        Wishes(max_output_tokens=0),
        Wishes(tool_choice="look"),
        Wishes(effort="heroic"),
        Wishes(text_format={"type": "xml"}),
        Wishes(text_format={"type": "json_schema"}),
    ],
)
async def test_a_wish_out_of_bounds_is_refused(ann: Visitor, wishes: Wishes) -> None:
    with pytest.raises(InvalidRequest):
        await ann.send("Hello there", wishes=wishes)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("by", "told"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
async def test_a_cut_answer_is_told_apart(
    ann: Visitor, upstream: FakeOpenAI, by: Any, told: str, stream: bool
) -> None:
    upstream.script(stopped(by, "This is as far as it"))
    result = await ann.ask("Tell me everything", stream=stream)
    assert (result.status, result.incomplete) == ("completed", told)
    assert result.answer == "This is as far as it"
    assert result.receipt
    assert (result.receipt.model_calls, result.receipt.by_model[0].estimated) == (1, False)
    assert (await ann.ask("And then?")).incomplete == ""


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_cut_before_its_first_word_is_empty_for_who_set_the_limit(
    ann: Visitor, upstream: FakeOpenAI, stream: bool
) -> None:
    upstream.script(stopped("length", ""), stopped("length", ""))
    wishes = Wishes(max_output_tokens=16)
    result = await ann.ask("Tell me everything", wishes=wishes, stream=stream)
    assert (result.status, result.incomplete) == ("completed", "max_output_tokens")
    assert (result.answer, result.receipt and result.receipt.model_calls) == ("", 1)
    assert (await ann.ask("Tell me everything", stream=stream)).status == "failed"


async def test_the_agent_that_begins_can_be_named(ann: Visitor, upstream: FakeOpenAI) -> None:
    assert (await ann.ask("Hello there", agent="specialist")).agent == "specialist"
    assert sent(upstream)["model"] == "gpt-6.1-sol"
    assert (await ann.ask("Hello again", agent="triage")).agent == "triage"
    with pytest.raises(NotFound):
        await ann.send("Hello there", agent="nobody")


async def test_an_aside_is_answered_by_the_cheapest_model_alone(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    await ann.ask("My parrot is called Kiwi", agent="specialist")
    session = ann.session_id
    result = await ann.ask("### Task: a title, please", aside=True, wishes=Wishes(temperature=0.1))
    assert (result.status, result.rung, sent(upstream)["model"]) == (
        "completed",
        "triage",
        "gpt-6-luna",
    )
    assert offered(upstream) == set()
    assert "Kiwi" not in str(sent(upstream))
    ann.session_id = session
    assert [record.user for record in await ann.records()] == ["My parrot is called Kiwi"]


async def test_an_aside_may_be_made_to_call_the_client_s_tool(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("weather"))
    wishes = Wishes(tool_choice="weather")
    result = await ann.ask("A title", aside=True, client_tools=(WEATHER,), wishes=wishes)
    assert [each["name"] for each in result.calls] == ["weather"]
    assert offered(upstream) == {"weather"}


async def test_an_aside_passes_the_guardrails(ann: Visitor, upstream: FakeOpenAI) -> None:
    result = await ann.ask("A title for heron-7731", aside=True)
    assert (result.status, upstream.calls) == ("blocked", 0)
    upstream.script(text("It is heron-7731"))
    assert (await ann.ask("A title", aside=True, session_id="")).status == "blocked"


async def test_a_choice_does_not_outlive_the_turn_that_brings_the_output(
    ann: Visitor, upstream: FakeOpenAI
) -> None:
    upstream.script(tool_call("weather"), text("Sunny."))
    wishes = Wishes(tool_choice="weather")
    (asked,) = (await ann.ask("Weather?", client_tools=(WEATHER,), wishes=wishes)).calls
    result = await ann.ask("", outputs=(output(asked["call_id"], "sun"),), client_tools=(WEATHER,))
    assert result.answer == "Sunny."
    assert "tool_choice" not in sent(upstream)
    assert said("user", "Weather?") in (await ann.records())[0].items


@pytest.mark.parametrize(
    ("model", "wishes", "left"),
    [
        ("gpt-6-luna", Wishes(temperature=0.2, effort="low"), {"reasoning"}),
        ("gpt-4o", Wishes(temperature=0.2, effort="low"), {"temperature"}),
        ("gpt-4o", Wishes(temperature=1, top_p=1), set()),
        ("gpt-6-luna", Wishes(max_output_tokens=3), {"max_tokens"}),
    ],
)
def test_openai_s_own_models_get_what_they_take(model: str, wishes: Wishes, left: set[str]) -> None:
    settings = load_settings(openai_api_key="any")
    before = call_settings(settings, model)
    message = Message("turn_1", Caller("t", "u"), "hi", wishes=wishes)
    after = wished(before, model, message, settings)
    names = ("temperature", "top_p", "reasoning", "max_tokens")
    assert {n for n in names if getattr(before, n) != getattr(after, n)} == left
    assert after.max_tokens in (16, before.max_tokens)
