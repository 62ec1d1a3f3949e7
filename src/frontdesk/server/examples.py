"""Examples for the OpenAPI document. Answers are made of the real types, so they cannot lie."""

from collections.abc import Mapping
from dataclasses import asdict, replace

from frontdesk.contract.approvals import Asked
from frontdesk.contract.facts import Fact
from frontdesk.contract.turns import (
    ModelUse,
    Receipt,
    SessionInfo,
    SessionTotals,
    TurnRecord,
    TurnResult,
)
from frontdesk.contract.usage import Used
from frontdesk.server.answers import answer_object, record_object
from frontdesk.tools.catalogue import DESK, AgentCard, ToolCard

TURN, SESSION = "turn_4be0643f1d98573b97cdca98a65347dd", "sess_2f1c9d7be04a5566778899aa"
USE = ModelUse("triage", "gpt-6-luna", 1, 412, 0, 38, 0, "0.000012")
RECEIPT = Receipt(
    model_calls=1,
    input_tokens=412,
    cached_tokens=0,
    output_tokens=38,
    reasoning_tokens=0,
    cost_usd="0.000012",
    specialist_only_cost_usd="0.00024",
    by_model=(USE,),
    tools=(),
    guardrails=(),
    stages_ms={"begin": 0.4, "guard_in": 0.2, "run": 812.0, "commit": 0.5},
    total_ms=815.0,
)
COMPLETED = TurnResult(
    TURN, SESSION, "completed", "It left on Monday.", "triage", "triage", receipt=RECEIPT
)
RECORD = TurnRecord(
    TURN, "completed", "2026-11-02T09:30:00Z", "Where is my order?", COMPLETED.answer
)
ASKED = Asked("appr_1", "call_1", "refund", {"order": "2024-1001"}, "complaints")
ACTION = ASKED.action("2026-11-02T10:30:00Z")


ANSWER = answer_object(COMPLETED)
CANCELLED = answer_object(replace(COMPLETED, status="cancelled", answer="It left"))
IN_PROGRESS = answer_object(TurnResult(TURN, SESSION, "in_progress"))
WAITING = answer_object(
    TurnResult(TURN, SESSION, "waiting", agent="complaints", required_actions=(ACTION,))
)
TURN_LINE = record_object(RECORD)
PINNED = record_object(replace(RECORD, pinned=True))
SESSION_INFO = SessionInfo(
    SESSION,
    "triage",
    "2026-11-02T09:30:00Z",
    "2026-11-02T09:30:01Z",
    SessionTotals(1, 1, 412, 38, "0.000012"),
    "My order",
    {"channel": "shop"},
)
FACT = Fact("fact_0018a6b2c3d4e5f6a7b8c9", "Prefers tea to coffee.", "2026-11-02T09:30:00Z")
EVENT = {
    "id": "1-2",
    "event": "text.delta",
    "data": f'{{"turn_id":"{TURN}","text":"It left on Monday.","message":0}}',
}
EXPORT = (
    f'{{"type":"session","version":1,"session_id":"{SESSION}","title":"My order",…}}\n'
    f'{{"type":"turn","id":"{TURN}","status":"completed","user":"Where is my order?",…}}\n'
)
IMPORT = (
    '{"type":"session","version":1,"title":"My order"}\n'
    '{"type":"turn","id":"turn_1","status":"completed","at":"2026-11-02T09:30:00Z",'
    '"user":"Where is my order?","answer":"It left on Monday.","items":['
    '{"role":"user","content":"Where is my order?"},'
    '{"role":"assistant","content":"It left on Monday."}]}\n'
)
USED = Used(14, 9, 4120, 1024, 380, 0, "0.00031", 0)
USAGE = {
    "from": "2026-11-01",
    "to": "2026-11-02",
    "group_by": "rung",
    "total": USED,
    "groups": [{"name": "triage", **asdict(USED)}],
}
FEEDBACK = {
    "turn_id": TURN,
    "score": -1,
    "comment": "It was the wrong order.",
    "at": "2026-11-02T09:31:00Z",
}
TRACE: Mapping[str, object] = {
    "turn_id": TURN,
    "session_id": SESSION,
    "status": "completed",
    "started": "2026-11-02T09:30:00.000Z",
    "rung": "triage",
    "agent": "triage",
    "code": None,
    "receipt": RECEIPT,
    "guardrails": [],
    "spans": [
        {
            "id": "step_run",
            "parent": None,
            "kind": "step",
            "name": "run",
            "start_ms": 0.7,
            "ms": 812.0,
            "data": {},
            "error": None,
        }
    ],
    "cut": False,
}
TOOLS = {
    "tools": [ToolCard("refund", "Pay an order back.", "shop (acme-shop 1.2)", True, "always")]
}
AGENTS = {
    "agents": [AgentCard("triage", "Answers first.", DESK, "triage", "gpt-6-luna", ("refund",))]
}
