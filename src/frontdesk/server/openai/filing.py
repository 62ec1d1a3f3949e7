"""In which session of its owner a request of a chat client is filed, if in any."""

from starlette.requests import Request

from frontdesk.server.openai.chat_bodies import ChatCompletionBody, ChatMessage
from frontdesk.server.openai.chat_history import INSTRUCTING
from frontdesk.server.openai.chat_messages import Filing
from frontdesk.server.openai.errors import refused
from frontdesk.server.openai.ids import named_session
from frontdesk.server.openai.side_calls import Asked, SideCalls

SESSION_HEADERS = ("x-frontdesk-session", "x-openwebui-chat-id")
TASK_HEADER = "x-openwebui-task"
TEMPORARY = "local:"
"""What the ids of Open WebUI's temporary chats begin with: nothing of them is kept."""
LONGEST_NAME = 512


def filing_of(
    body: ChatCompletionBody, request: Request, owner: str, side_calls: SideCalls
) -> Filing:
    """Where the request's turn is filed.

    Raises:
        Refused: the session's name is malformed.
    """
    kind = side_calls.kind_of(asked(body, request.headers.get(TASK_HEADER, "")))
    if kind:
        return Filing(aside=kind == "aside")
    name = _session_name(body, request)
    if not name or name.startswith(TEMPORARY):
        return Filing()
    return Filing(named_session(owner, name))


def asked(body: ChatCompletionBody, task: str) -> Asked:
    """What the rules for side calls look at."""
    instructing = [_text(each) for each in body.messages if each.role in INSTRUCTING]
    others = [each for each in body.messages if each.role not in INSTRUCTING]
    alone = len(others) == 1 and others[0].role == "user"
    return Asked(
        user=_text(others[0]) if alone else None,
        system=instructing[0] if instructing else None,
        task=task,
        stream=bool(body.stream),
        max_tokens=body.max_completion_tokens or body.max_tokens,
        tools=bool(body.tools),
    )


def _session_name(body: ChatCompletionBody, request: Request) -> str:
    for header in SESSION_HEADERS:
        if given := request.headers.get(header):
            return _checked(given.encode("latin-1"), header)
    given = (body.metadata or {}).get("session_id")
    return given if isinstance(given, str) else ""


def _checked(given: bytes, header: str) -> str:
    try:
        name = given.decode()
    except UnicodeDecodeError:
        raise refused(f"{header} is not UTF-8.", header) from None
    if len(name) > LONGEST_NAME:
        raise refused(f"{header} may have at most {LONGEST_NAME} characters.", header)
    return name


def _text(message: ChatMessage) -> str:
    content = message.content or ""
    return content if isinstance(content, str) else " ".join(part.text or "" for part in content)
