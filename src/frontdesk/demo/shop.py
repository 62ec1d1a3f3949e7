"""The desk of a small shop: its tool, its agents, its rule; written as any plugin would be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Annotated

from pydantic import Field

from frontdesk.contract.guardrails import Policy
from frontdesk.contract.parts import Parts, PluginPlace, Specialist
from frontdesk.contract.tools import First, Tool, tool
from frontdesk.demo.orders import Orders, described, missing, open_orders

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
    """The demo's guardrail policy: two words that this shop never wants to read or write.

    A block-list of words is a plain example of a rule: it knows words, not meaning. The detectors
    that look for secrets and personal data are a policy of their own.
    """
    return Policy(
        blocked_words=("비밀번호", "주민번호"),
        messages={
            "": "Sorry, I can't help with that. Please never send secrets here. / "
            "죄송하지만 도와드릴 수 없는 내용입니다. 민감한 정보는 보내지 말아 주세요.",
            "length": "That is too long for me. / 너무 깁니다. 줄여서 보내 주세요.",
        },
    )


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
