"""What the demo shop's desk is asked by `make live`, and by whom it must be answered."""

from dataclasses import dataclass

from frontdesk.contract.turns import Rung, TurnResult


@dataclass(frozen=True, slots=True)
class Case:
    """A message with the rung that must answer it and the tool that must be used on the way.

    `follows` goes on with the session of the case before; any other begins one.
    """

    text: str
    rung: Rung
    tool: str | None = None
    follows: bool = False

    @property
    def wanted(self) -> str:
        """The label, for a table."""
        return f"{self.rung} + {self.tool}" if self.tool else self.rung


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case and the turn that it became."""

    case: Case
    result: TurnResult

    @property
    def right(self) -> bool:
        """Whether the turn went as the case is labelled; other tools may have run as well."""
        rung_right = self.result.status == "completed" and self.result.rung == self.case.rung
        return rung_right and (self.case.tool is None or self.case.tool in self.tools)

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that worked in this turn."""
        used = self.result.receipt.tools if self.result.receipt else ()
        return tuple(use.name for use in used if use.ok)

    @property
    def got(self) -> str:
        """What happened, for a table."""
        if self.result.status != "completed":
            return self.result.status
        return " + ".join((str(self.result.rung), *self.tools))


CASES = (
    Case("Where is my order 2024-1001?", "handler", "order_status"),
    Case("토요일에 몇 시까지 하세요?", "handler"),
    Case("Hello, I am new here!", "triage"),
    Case("안녕하세요, 오늘 날씨가 참 좋네요.", "triage"),
    Case("Write me a poem about the sea.", "triage"),
    Case("Which of my orders comes first, 2024-1001 or 2024-1003?", "triage", "order_status"),
    Case("2024-1005랑 2024-1006 중에 어느 게 먼저 도착해요?", "triage", "order_status"),
    Case("How many days do I have to return an unused lamp?", "triage", "search_knowledge"),
    Case("전기 제품의 보증 기간은 보통 얼마나 되나요?", "triage", "search_knowledge"),
    Case("The jug of order 2024-1009 arrived broken. I want my money back.", "specialist"),
    Case("And by when will the money be on my card?", "specialist", follows=True),
    Case("화분이 깨져서 왔어요. 정말 실망이에요. 환불해 주세요.", "specialist"),
    Case("주문 번호는 2024-1010이고, 사진도 있어요.", "specialist", follows=True),
    Case("I would like to end my contract for regular deliveries.", "specialist"),
    Case("전기 주전자가 고장 났어요. 보증 수리를 받고 싶어요.", "specialist"),
)
