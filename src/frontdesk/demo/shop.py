"""The desk of a small shop: its tool, its agents, its rule; written as any plugin would be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field

from frontdesk.contract.guardrails import Policy
from frontdesk.contract.parts import Parts, PluginPlace, Specialist
from frontdesk.contract.tools import First, Tool, tool
from frontdesk.demo.orders import Orders, described, missing, open_orders
from frontdesk.guardrails.policy import read_policy

NUMBER = r"\d{4}-\d{4}"

# Only what the tool can answer alone: one number, a question for its state, and no wish beyond it.
ASKED = rf"""(?xs) ^
(?! .* {NUMBER} .* {NUMBER} )
(?! .* (?: refund | money\ back | return | exchang | cancel | chang | complain | broken | damage
         | defect | wrong | contract | warrant | never | why | invoice
         | 환불 | 반품 | 교환 | 취소 | 변경 | 바꾸 | 바꿔 | 불만 | 파손 | 고장 | 불량 | 하자 | 잘못
         | 계약 | 보증 | 해지 | 영수증 | 왜 ) )
(?= .* (?: where | when | status | state | track | look\ up | check | find | arriv | deliver
         | ship | come | 어디 | 언제 | 상태 | 조회 | 확인 | 배송 | 도착 | 알려 | 찾아 )
  | \s* (?: order | my\ order | 주문 | 주문\ ?번호 )? [\s\#:]* {NUMBER} [\s?!.]* $ )
.* (?<![\d-]) (?P<order> {NUMBER} ) (?![\d-])"""


@asynccontextmanager
async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
    """The plugin that brings the shop's desk; its orders live in the plugin's folder."""
    orders = await open_orders(place.folder)
    yield Parts(
        tools=(_order_status(orders),),
        triage=Specialist(
            name="triage",
            description="Answers first: the shop, its goods, orders and deliveries.",
            prompt=_prompt("triage"),
            tier="cheap",
        ),
        specialists=(
            Specialist(
                name="complaints",
                description="Complaints, refunds, returns, damage, contracts and warranties.",
                prompt=_prompt("complaints"),
            ),
        ),
    )


def policy() -> Policy:
    """The demo's guardrail policy: the default, and two words that this shop never wants to read or
    write; the shipped example `words`.
    """
    return read_policy(Path("words"))


def _order_status(orders: Orders) -> Tool:
    @tool(first=First(ASKED, str))
    async def order_status(order: Annotated[str, Field(pattern=f"^{NUMBER}$")]) -> str:
        """Looks up an order of the shop: what it is, its state, and when it arrives.

        Args:
            order: The order number, four digits, a hyphen, four digits.
        """
        found = await orders.find(order)
        return described(found) if found else missing(order)

    return order_status


def _prompt(name: str) -> str:
    return files("frontdesk.demo").joinpath("prompts", f"{name}.md").read_text("utf-8")
