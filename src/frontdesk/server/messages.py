"""The body of a chat request, and the message that it becomes."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
)
from starlette.requests import Request

from frontdesk.contract.cancellation import CancelMode
from frontdesk.contract.errors import Forbidden, InvalidRequest
from frontdesk.contract.feedback import Score
from frontdesk.contract.messages import Message, OnBusy, OnDisconnect
from frontdesk.contract.text import IMAGE
from frontdesk.contract.turns import Item
from frontdesk.jobs.destinations import check_url
from frontdesk.server.api_keys import ACT_AS_USER
from frontdesk.server.images import DATA_URL, image_part, image_url, too_many
from frontdesk.server.problems import invalid
from frontdesk.server.reception import Visit, reception

ID = "^[A-Za-z0-9_-]{1,64}$"
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold U+0000")
    return text


def _with_words(text: str) -> str:
    if not text.strip():
        raise ValueError("must hold more than white space")
    return text


def _told(pattern: str) -> Any:
    """Says in the schema what a validator checks with a message of its own."""
    return Field(json_schema_extra={"pattern": pattern})


def _no_bool(value: object) -> object:
    if isinstance(value, bool):  # which is equal to 1 or 0
        raise ValueError("must be 1 or -1")
    return value


Text = Annotated[str, AfterValidator(_without_nul), _told(r"^[^\u0000]*$")]
Words = Annotated[Text, AfterValidator(_with_words), _told(r"^[^\u0000]*\S[^\u0000]*$")]
Metadata = Annotated[
    dict[
        Annotated[Text, Field(min_length=1, max_length=64)],
        Annotated[Text, Field(max_length=512)],
    ],
    Field(max_length=16),
]
Body = TypeVar("Body", bound=BaseModel)


class Strict(BaseModel):
    """A body that takes what it names and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class TextPart(Strict):
    """A text in a message, as in the Responses API."""

    type: Literal["input_text"]
    text: Words


class ImagePart(Strict):
    """An image in a message, as in the Responses API, where the deployment takes images."""

    type: Literal["input_image"]
    image_url: Annotated[str, AfterValidator(image_url), _told(f"^{DATA_URL}$")]
    detail: Literal["auto", "low", "high"] | None = None


def _kind(part: Any) -> str | None:
    kind = part.get("type") if isinstance(part, dict) else getattr(part, "type", None)
    return kind if isinstance(kind, str) else None


MessagePart = Annotated[
    Annotated[TextPart, Tag("input_text")] | Annotated[ImagePart, Tag("input_image")],
    Discriminator(
        _kind,
        custom_error_type="part",
        custom_error_message="a part is an input_text or an input_image, files are not taken",
    ),
]


class ChatBody(Strict):
    """What `POST /v1/chat` takes."""

    message: Words | Annotated[list[MessagePart], Field(min_length=1, max_length=64)]
    session_id: Annotated[str, Field(pattern=ID)] | None = None
    stream: bool = False
    background: bool = False
    webhook_url: Text | None = None
    on_busy: OnBusy = "enqueue"
    on_disconnect: OnDisconnect = "continue"
    instructions: Text | None = None
    metadata: Metadata = Field(default_factory=dict)

    @property
    def text(self) -> str:
        """The message as one text, with a mark for each image."""
        if isinstance(self.message, str):
            return self.message
        return "\n".join(p.text if isinstance(p, TextPart) else IMAGE for p in self.message)

    @property
    def images(self) -> tuple[Item, ...]:
        """The images of the message, in their order."""
        parts = () if isinstance(self.message, str) else self.message
        found = (part for part in parts if isinstance(part, ImagePart))
        return tuple(image_part(part.image_url, part.detail) for part in found)


class DecisionBody(Strict):
    """What `POST /v1/turns/{id}/approvals` takes; the reason is told to the model."""

    approval_id: Annotated[str, Field(pattern=ID)]
    decision: Literal["approve", "reject"]
    reason: Annotated[Text, Field(max_length=1000)] = ""


class CancelBody(Strict):
    """What `POST /v1/turns/{id}/cancel` takes."""

    mode: CancelMode = "immediate"


class FeedbackBody(Strict):
    """What `POST /v1/turns/{id}/feedback` takes: up or down, and why."""

    score: Annotated[Score, BeforeValidator(_no_bool)]
    comment: Annotated[Text, Field(max_length=2000)] = ""


def chat_body(data: dict[str, Any]) -> ChatBody:
    """The request's body, checked.

    Raises:
        InvalidRequest: a field is unknown, missing or wrong.
    """
    return checked(ChatBody, data)


def checked(kind: type[Body], data: dict[str, Any]) -> Body:
    """The body of a request as its model.

    Raises:
        InvalidRequest: a field is unknown, missing or wrong.
    """
    known = kind.model_fields
    if data.keys() - known.keys():
        raise InvalidRequest(f"A field is not known. Known are: {', '.join(known)}.")
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise invalid(error.errors(include_url=False, include_input=False), known) from None


def message_of(body: ChatBody, request: Request, visit: Visit) -> Message:
    """The message that asks for the turn.

    Raises:
        InvalidRequest: the Idempotency-Key is malformed, two fields exclude each other, or there
            are more images than are taken here.
        Forbidden: instructions come with a key that is no backend's.
    """
    if body.instructions and ACT_AS_USER not in visit.caller.scopes:
        raise Forbidden(f"instructions need a key with the scope `{ACT_AS_USER}`.")
    stream = body.stream or _wants_events(request)
    if stream and body.background:
        raise InvalidRequest("background and stream exclude each other: read the turn's events.")
    if body.background and body.on_disconnect == "cancel":
        raise InvalidRequest("on_disconnect: a turn in the background has no client to lose.")
    if words := too_many(len(body.images), reception(request).images):
        raise InvalidRequest(words)
    return Message(
        turn_id=turn_id_for(visit.owner, request.headers.get("idempotency-key")),
        caller=visit.caller,
        text=body.text,
        session_id=body.session_id or "",
        stream=stream,
        on_busy=body.on_busy,
        on_disconnect=body.on_disconnect,
        instructions=body.instructions or "",
        metadata=body.metadata,
        background=body.background,
        webhook_url=_webhook(body, reception(request).webhooks),
        request_id=request.state.request_id,
        fingerprint=fingerprint_of(body),
        images=body.images,
    )


def _webhook(body: ChatBody, allowed: Collection[str] | None) -> str:
    if body.webhook_url is None:
        return ""
    if not body.background:
        raise InvalidRequest("webhook_url is for turns in the background: set `background`.")
    if allowed is None:
        raise InvalidRequest("This server sends no webhooks: FRONTDESK_WEBHOOK_SECRET is not set.")
    check_url(body.webhook_url, allowed)
    return body.webhook_url


def _wants_events(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "text/event-stream" in accept and "application/json" not in accept


def turn_id_for(owner: str, idempotency_key: str | None) -> str:
    """A new id, or the one id that this owner's key stands for.

    Raises:
        InvalidRequest: the key is not 1 to 255 visible ASCII characters.
    """
    if idempotency_key is None:
        return f"turn_{secrets.token_hex(16)}"
    if not IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        raise InvalidRequest("Idempotency-Key must be 1 to 255 visible ASCII characters.")
    # The owner is itself keyed with the deployment's secret, so ids of others cannot be computed.
    digest = hmac.new(owner.encode(), idempotency_key.encode(), hashlib.sha256)
    return f"turn_{digest.hexdigest()[:32]}"


def fingerprint_of(body: BaseModel) -> str:
    """A digest of the whole request, by which a repeat of it is known."""
    return digest(body.model_dump())


def digest(data: object) -> str:
    """A digest of what JSON can tell."""
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()
