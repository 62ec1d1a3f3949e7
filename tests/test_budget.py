"""The budget: asked around every model call; the unlimited one says yes to everything."""

from contextlib import aclosing

import pytest
from agents.testing import ScriptedModel
from tests.crews import Scripted, clock, say, use

from frontdesk.agents.crew import Crew
from frontdesk.agents.triage import triage
from frontdesk.budget import Budget, Spend, Unlimited
from frontdesk.config import Settings
from frontdesk.contract.context import ModelCall, TurnContext
from frontdesk.contract.errors import BudgetExhausted
from frontdesk.contract.messages import Caller, Message

pytestmark = pytest.mark.usefixtures("no_traces")
MESSAGE = Message("turn_1", Caller("acme", "ann"), "Hello", stream=True)


class Purse:
    """Pays for a number of calls and writes down what it was asked."""

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self.asked: list[str] = []

    async def reserve(self, model: str) -> None:
        self.asked.append(f"reserve {model}")
        if len(self.asked) > 2 * self.calls:
            raise BudgetExhausted("There is nothing left.")

    async def settle(self, call: ModelCall) -> None:
        self.asked.append(f"settle {call.model}")


async def spend(model: ScriptedModel, purse: Spend) -> None:
    settings = Settings(_env_file=None)
    crew = Crew(triage(), (), {"clock": clock}, Scripted(model), settings)
    context = TurnContext(MESSAGE, "Hello", "session_1")
    async with aclosing(crew.run(context, facts=(), agent=None, spend=purse)) as events:
        async for _ in events:
            pass


async def test_every_call_is_reserved_and_settled_until_the_budget_ends() -> None:
    purse, model = Purse(1), ScriptedModel([[use("clock")], [say("Noon.")]])
    with pytest.raises(BudgetExhausted):
        await spend(model, purse)
    assert purse.asked == ["reserve gpt-6-luna", "settle gpt-6-luna", "reserve gpt-6-luna"]
    assert len(model.calls) == 1


async def test_the_unlimited_budget_admits_and_pays() -> None:
    budget: Budget = Unlimited()
    async with await budget.admit(MESSAGE) as place:
        place.keep()
    spend = budget.open(TurnContext(MESSAGE, "Hello", "session_1"))
    await spend.reserve("gpt-6-luna")
    await spend.settle(ModelCall("triage", "gpt-6-luna", 10**9, 0, 10**9, 0))
