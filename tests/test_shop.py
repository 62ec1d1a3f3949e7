"""The demo shop: its orders, what its tool answers by itself, its agents and its rule."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from sqlite3 import OperationalError

import pytest

from frontdesk.contract.context import TurnContext
from frontdesk.contract.handlers import Answer, Outcome, Pass
from frontdesk.contract.messages import Caller, Message
from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.demo.orders import open_orders
from frontdesk.demo.shop import plugin, policy
from frontdesk.tools.first import first_handlers


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    async with plugin(PluginPlace("shop", tmp_path)) as parts:
        yield parts


async def unchecked(text: str, _: object) -> str:
    return text


async def consider(parts: Parts, text: str) -> Outcome:
    (handler,) = first_handlers(parts.tools, unchecked)
    message = Message("turn_1", Caller("local", "ann"), text)
    return await handler.ask(TurnContext(message, text, "s1"))


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order 2024-1001?",
        "2024-1001",
        "Order #2024-1001",
        "Has 2024-1001 shipped yet?",
        "주문 2024-1001 어디쯤 왔나요?",
        "주문번호 2024-1001번 배송 언제 와요?",
        "２０２４-１００１ 조회해 주세요",
    ],
)
async def test_a_question_for_an_order_is_answered_by_the_tool_alone(
    parts: Parts, text: str
) -> None:
    outcome = await consider(parts, text)
    assert isinstance(outcome, Answer)
    assert "Order 2024-1001: 1 x Walnut desk lamp, 89,000 KRW" in outcome.text
    assert "주문 2024-1001: 호두나무 책상 조명 1개, 89,000원" in outcome.text


async def test_an_unknown_order_is_said_to_be_unknown(parts: Parts) -> None:
    outcome = await consider(parts, "Where is 2024-9999?")
    assert isinstance(outcome, Answer)
    assert "There is no order 2024-9999." in outcome.text
    assert "2024-9999에 해당하는 주문이 없습니다" in outcome.text


@pytest.mark.parametrize(
    "text",
    [
        "I want a refund for 2024-1001",
        "When does 2024-1001 come? I want to change the address",
        "2024-1001 환불해 주세요",
        "When will 2024-1001 and 2024-1002 come?",
        "Call me at 010-2024-1001 when it is there",
        "2024-1001 is a nice number",
        "Where is my order?",
    ],
)
async def test_a_wish_beyond_the_state_of_one_order_is_left_to_the_agents(
    parts: Parts, text: str
) -> None:
    assert await consider(parts, text) == Pass()


async def orders_of(folder: Path) -> list[str]:
    orders = await open_orders(folder)
    found = [await orders.find(f"2024-{number}") for number in range(1001, 1021)]
    return [order.status for order in found if order]


async def test_twenty_orders_ship_with_the_package(tmp_path: Path) -> None:
    states = await orders_of(tmp_path)
    assert len(states) == 20
    assert len(set(states)) == 6


async def test_dates_are_counted_from_today(tmp_path: Path) -> None:
    order = await (await open_orders(tmp_path)).find("2024-1003")
    assert order is not None
    assert order.due is not None
    assert order.ordered < order.due


async def test_an_order_that_will_not_come_has_no_day(tmp_path: Path) -> None:
    order = await (await open_orders(tmp_path)).find("2024-1007")
    assert order is not None
    assert (order.status, order.due) == ("cancelled", None)


async def test_several_processes_may_open_the_same_folder(tmp_path: Path) -> None:
    first = await open_orders(tmp_path)
    second = await open_orders(tmp_path)
    assert await first.find("2024-1001") == await second.find("2024-1001")
    assert os.listdir(tmp_path) == ["orders.sqlite"]


async def test_a_lookup_never_makes_a_file(tmp_path: Path) -> None:
    missing = replace(await open_orders(tmp_path), path=tmp_path / "gone.sqlite")
    with pytest.raises(OperationalError, match="unable to open"):
        await missing.find("2024-1001")
    assert not missing.path.exists()


async def test_quotes_in_a_number_are_only_text(tmp_path: Path) -> None:
    assert await (await open_orders(tmp_path)).find("' OR '1'='1") is None


async def test_the_agents_are_a_cheap_triage_and_one_specialist(parts: Parts) -> None:
    assert parts.triage is not None
    assert (parts.triage.name, parts.triage.tier) == ("triage", "cheap")
    (specialist,) = parts.specialists
    assert (specialist.name, specialist.tier) == ("complaints", "expensive")
    assert "order_status" in parts.triage.prompt
    assert "release" in specialist.prompt


def test_the_rule_blocks_two_words_and_stays_polite() -> None:
    rule = policy()
    assert rule.blocked_words == ("비밀번호", "주민번호")
    assert rule.action("input", "blocklist") == "block"
    assert "죄송" in rule.message("blocklist", "ko")
    assert not any(word in rule.message("blocklist", "ko") for word in rule.blocked_words)
