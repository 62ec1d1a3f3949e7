"""A session that was made elsewhere, checked as if it were said here."""

from dataclasses import replace

from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import InvalidRequest
from frontdesk.contract.guardrails import Blocked
from frontdesk.contract.turns import Item, TurnRecord
from frontdesk.guardrails.chain import Guards
from frontdesk.sessions.transfer import Transferred
from frontdesk.sessions.window import estimate_tokens


async def screened(session: Transferred, guards: Guards, tenant: str) -> Transferred:
    """The session, redacted under the tenant's policy: what the user said at the stage input, what
    tools returned at the stage tool, everything else at the stage output.

    Raises:
        InvalidRequest: a guardrail stops something in it; the line is named, never its text.
        GuardrailUnavailable: a check failed.
    """
    ledger, records = Ledger(tenant=tenant), list[TurnRecord]()
    title = await _checked(session.title, guards, ledger, 1)
    values = [await _checked(text, guards, ledger, 1) for text in session.metadata.values()]
    for number, record in enumerate(session.records, 2):
        try:
            records.append(await _record(record, guards, ledger))
        except Blocked as stop:
            raise _stopped(number, stop) from None
    metadata = dict(zip(session.metadata, values, strict=True))
    return Transferred(title, metadata, tuple(records))


async def _checked(text: str, guards: Guards, ledger: Ledger, number: int) -> str:
    try:
        return await _said(text, guards, ledger)
    except Blocked as stop:
        raise _stopped(number, stop) from None


async def _record(record: TurnRecord, guards: Guards, ledger: Ledger) -> TurnRecord:
    items = tuple([await _item(item, guards, ledger) for item in record.items])
    calls = tuple([await _item(item, guards, ledger) for item in record.calls])
    return replace(
        record,
        user=await _said(record.user, guards, ledger),
        answer=await guards.answer(record.answer, ledger),
        items=items,
        calls=calls,
        tokens=estimate_tokens((*items, *calls)),
    )


async def _item(item: Item, guards: Guards, ledger: Ledger) -> Item:
    if item.get("role") == "user":
        return {**item, "content": await _said(item["content"], guards, ledger)}
    if "output" in item:
        return {**item, "output": await guards.tool_result(item["output"], ledger)}
    part = "content" if "content" in item else "arguments"
    return {**item, part: await guards.answer(item[part], ledger)}


async def _said(text: str, guards: Guards, ledger: Ledger) -> str:
    verdict = await guards.input(text, ledger)
    if verdict.action == "block":
        raise Blocked(verdict)
    return verdict.text


def _stopped(number: int, stop: Blocked) -> InvalidRequest:
    return InvalidRequest(f"Line {number} is stopped by a guardrail ({stop}): take it out.")
