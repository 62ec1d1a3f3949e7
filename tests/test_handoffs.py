"""Who answers and what they are shown: handoffs, who keeps the session, crews that do not fit."""

from dataclasses import dataclass, replace

import pytest
from agents.testing import ScriptedModel
from openai.types.responses import ResponseReasoningItem
from tests.crews import TO_SPECIALIST, clock, context_of, crew_of, heard, kinds, say, use

from frontdesk.agents.specialist import specialist
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import PluginError
from frontdesk.contract.events import AgentChanged
from frontdesk.contract.turns import TurnRecord

pytestmark = pytest.mark.usefixtures("no_traces")


@dataclass(frozen=True)
class Held:
    agent: str | None
    agent_turns: int = 0


async def test_a_handoff_is_a_change_of_agent_and_no_tool() -> None:
    context = context_of()
    model = ScriptedModel([[use(TO_SPECIALIST)], [say("Gladly.")]])
    events = await heard(crew_of(model), context)
    assert kinds(events) == ["agent.changed", "text.delta"]
    assert context.ledger.items == [{"role": "assistant", "content": "Gladly."}]
    assert (context.ledger.agent, context.ledger.hops) == ("specialist", 1)


async def test_the_specialist_sees_the_conversation_without_the_handoff() -> None:
    thought = ResponseReasoningItem(
        id="rs_1", type="reasoning", summary=[], encrypted_content="sealed"
    )
    first = [thought, say("One moment."), use("clock", "call_1")]
    both = [use(TO_SPECIALIST, "call_2"), use("transfer_to_other", "call_3")]
    model = ScriptedModel([first, both, [say("Gladly.")]])
    experts = (specialist(), replace(specialist(), name="other"))
    await heard(crew_of(model, experts=experts), context_of())
    seen = model.calls[-1].input
    assert [item.get("type", item.get("role")) for item in seen] == [
        "user",
        "message",
        "function_call",
        "function_call_output",
    ]


async def test_after_two_hops_no_handoff_is_offered() -> None:
    model = ScriptedModel([[say("Hi.")]])
    await heard(crew_of(model), context_of(ledger=Ledger(hops=2)))
    assert model.calls[0].handoffs == []


async def test_the_session_begins_with_the_agent_that_holds_it() -> None:
    model = ScriptedModel([[say("Still me.")]])
    events = await heard(crew_of(model), context_of(agent="specialist"), agent="specialist")
    assert kinds(events) == ["text.delta"]
    assert "specialist behind the front desk" in str(model.calls[0].system_instructions)


async def test_an_agent_that_is_gone_is_replaced_by_triage() -> None:
    context = context_of(agent="retired")
    events = await heard(crew_of(ScriptedModel([[say("Hi.")]])), context, agent="retired")
    assert events[0] == AgentChanged("turn_1", "triage")
    assert context.ledger.agent == "triage"


async def test_a_handler_can_route_past_triage() -> None:
    events = await heard(crew_of(ScriptedModel([[say("Hi.")]])), context_of(), agent="specialist")
    assert events[0] == AgentChanged("turn_1", "specialist")


async def test_release_gives_the_session_back_and_is_not_heard() -> None:
    context = context_of(agent="specialist")
    model = ScriptedModel([[use("release")], [say("Bye.")]])
    crew = crew_of(model)
    events = await heard(crew, context, agent="specialist")
    assert kinds(events) == ["text.delta"]
    assert context.ledger.items == [{"role": "assistant", "content": "Bye."}]
    assert crew.next_agent(Held("specialist", 1), context.ledger) is None


async def test_the_specialist_keeps_its_follow_ups_and_no_more() -> None:
    crew = crew_of(ScriptedModel(), experts=(replace(specialist(), sticky_turns=2),))
    by_specialist = Ledger(agent="specialist")
    assert crew.next_agent(Held(None), by_specialist) == "specialist"
    assert crew.next_agent(Held("specialist", 1), by_specialist) == "specialist"
    assert crew.next_agent(Held("specialist", 2), by_specialist) is None


async def test_a_turn_without_a_model_does_not_move_the_session() -> None:
    crew = crew_of(ScriptedModel())
    assert crew.next_agent(Held("specialist", 1), Ledger()) == "specialist"
    assert crew.next_agent(Held(None), Ledger()) is None
    assert crew.next_agent(Held("retired"), Ledger()) is None


async def test_the_rung_is_the_agents() -> None:
    crew = crew_of(ScriptedModel())
    assert [crew.rung(each) for each in (None, "triage", "specialist")] == [
        "triage",
        "triage",
        "specialist",
    ]


def test_a_specialist_with_an_unknown_tool_is_refused() -> None:
    with pytest.raises(PluginError, match="orders"):
        crew_of(ScriptedModel(), experts=(replace(specialist(), tools=("orders",)),))


@pytest.mark.parametrize("names", [("triage",), ("a", "a"), ("Sales EU", "Sales-EU")])
def test_two_agents_with_one_name_are_refused(names: tuple[str, ...]) -> None:
    experts = tuple(replace(specialist(), name=name) for name in names)
    with pytest.raises(PluginError, match="Rename"):
        crew_of(ScriptedModel(), experts=experts)


async def test_a_specialist_gets_only_the_tools_it_names() -> None:
    model = ScriptedModel([[say("Hi.")]])
    renamed = replace(clock, name="calendar")
    experts = (replace(specialist(), tools=("clock",)),)
    await heard(crew_of(model, clock, renamed, experts=experts), context_of(), agent="specialist")
    assert [tool.name for tool in model.calls[0].tools] == ["clock", "release"]


async def test_history_comes_first_then_instructions_facts_and_the_message() -> None:
    record = TurnRecord(
        "turn_0", "completed", "2026-01-01T00:00:00Z", "Hi", "Hey",
        items=({"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hey"}),
    )  # fmt: skip
    context = context_of(history=(record,))
    context = replace(context, message=replace(context.message, instructions="Be formal."))
    model = ScriptedModel([[say("Good day.")]])
    await heard(crew_of(model), context, facts=("The shop is open.",))
    shown = [(item["role"], item["content"]) for item in model.calls[0].input]
    assert shown == [
        ("user", "Hi"),
        ("assistant", "Hey"),
        ("developer", "Be formal."),
        ("developer", "The shop is open."),
        ("user", "Hello"),
    ]


async def test_reasoning_that_only_the_server_knows_is_not_sent_back() -> None:
    thought = ResponseReasoningItem(id="rs_1", type="reasoning", summary=[])
    sealed = ResponseReasoningItem(
        id="rs_2", type="reasoning", summary=[], encrypted_content="sealed"
    )
    model = ScriptedModel([[thought, sealed, use("clock")], [say("Noon.")]])
    await heard(crew_of(model), context_of())
    kept = [item["id"] for item in model.calls[-1].input if item.get("type") == "reasoning"]
    assert kept == ["rs_2"]
