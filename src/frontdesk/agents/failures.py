"""What went wrong upstream, in our words: never with a user's text or a key."""

import json
from collections.abc import Iterator

import httpx2
import openai
from agents import MaxTurnsExceeded, ModelBehaviorError, ModelTimeoutError
from pydantic import ValidationError

from frontdesk.agents.tripwires import tripped
from frontdesk.contract.errors import (
    ContextOverflow,
    FrontdeskError,
    TurnLimit,
    UpstreamFailed,
    UpstreamMalformed,
    UpstreamRateLimited,
    UpstreamTimeout,
)
from frontdesk.contract.guardrails import Blocked

TIMEOUTS = (openai.APITimeoutError, ModelTimeoutError, httpx2.TimeoutException)
CONNECTIONS = (openai.APIConnectionError, httpx2.TransportError)
MALFORMED = (
    openai.APIResponseValidationError,
    ModelBehaviorError,
    json.JSONDecodeError,
    UnicodeDecodeError,
    ValidationError,
)
OVERFLOWS = {"context_length_exceeded", "exceed_context_size_error"}  # OpenAI, llama.cpp
STATUSES = {
    401: "refuses the key: check OPENAI_API_KEY, and that it belongs to OPENAI_BASE_URL",
    403: "does not let this key use the model: check its project's permissions",
    404: "does not know the model or the path: check FRONTDESK_TRIAGE_MODEL, "
    "FRONTDESK_SPECIALIST_MODEL, FRONTDESK_MODEL_API and OPENAI_BASE_URL",
    400: "refuses the request: check that FRONTDESK_MODEL_API and the models fit this server",
}


def failure(error: Exception) -> FrontdeskError | Blocked | None:
    """The error as a person should meet it, or None for a bug of ours. Errors of our own parts that
    the SDK wrapped come out again.
    """
    for cause in _chain(error):
        if isinstance(cause, (FrontdeskError, Blocked)):
            return cause
        if stop := tripped(cause):
            return stop
    for cause in _chain(error):
        known = _known(cause)
        if known:
            return known
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _known(error: BaseException) -> FrontdeskError | None:
    if isinstance(error, MaxTurnsExceeded):
        return TurnLimit(
            "The agents made all model calls that one turn may make without an answer. Ask for "
            "less at once, or raise FRONTDESK_MAX_MODEL_CALLS."
        )
    if isinstance(error, TIMEOUTS):
        return UpstreamTimeout(
            "The model's server did not answer in time. Try again, or raise "
            "FRONTDESK_MODEL_TIMEOUT_S."
        )
    if isinstance(error, openai.APIStatusError):
        return _refused(error)
    if isinstance(error, CONNECTIONS):
        return UpstreamFailed(
            "The model's server cannot be reached or broke off. Check the network and "
            "OPENAI_BASE_URL, then try again."
        )
    return _broken(error) if isinstance(error, MALFORMED) else None


def _refused(error: openai.APIStatusError) -> FrontdeskError:
    status = error.status_code
    if status == 429 and error.code == "insufficient_quota":
        return UpstreamRateLimited("The quota of the model's key is used up: check its billing.")
    if status == 429:
        return UpstreamRateLimited(
            "The model's server limits our rate. Try again later.", retry_after_s=_wait(error)
        )
    if status in (408, 504):
        return UpstreamTimeout("The model's server did not get done in time. Try again.")
    if OVERFLOWS & {error.code, error.type}:
        return _overflow()
    words = STATUSES.get(status, f"answered with HTTP {status}. Try again later")
    return UpstreamFailed(f"The model's server {words}.")


def _overflow() -> FrontdeskError:
    return ContextOverflow(
        "The conversation is longer than the model takes, although its older part was left out. "
        "Send less at once or begin a new session; if it stays, lower FRONTDESK_CONTEXT_TOKENS."
    )


def too_long() -> FrontdeskError:
    """The model came to its limit before it said anything."""
    return UpstreamFailed(
        "The answer was longer than one may be. Ask for less, or raise FRONTDESK_MAX_OUTPUT_TOKENS."
    )


def _wait(error: openai.APIStatusError) -> int | None:
    seconds = error.response.headers.get("retry-after", "")
    return int(float(seconds)) + 1 if seconds.replace(".", "", 1).isdigit() else None


def _broken(error: BaseException) -> FrontdeskError:
    """What the server said instead of an answer; the SDK has it only as words."""
    words = str(error)
    if "max_output_tokens" in words or "finish_reason='length'" in words:
        return too_long()
    if "context_length_exceeded" in words:
        return _overflow()
    if "rate_limit_exceeded" in words:
        return UpstreamRateLimited("The model's server limits our rate. Try again later.")
    if "terminal event" in words:
        return UpstreamFailed("The model's server gave up on the answer. Try again.")
    return UpstreamMalformed(
        "The model's server answered something that is not its protocol. Try again; if it stays, "
        "check OPENAI_BASE_URL and FRONTDESK_MODEL_API."
    )
