"""Checks of the models: the server, one smallest call of each, and whether prices are known."""

import time
from dataclasses import replace
from urllib.parse import urlsplit

import httpx2
from agents import ModelResponse, ModelTracing

from frontdesk.agents.call_settings import call_settings
from frontdesk.agents.failures import failure
from frontdesk.agents.models import OFFICIAL, open_models
from frontdesk.agents.prices import price
from frontdesk.cli.doctor.surroundings import Surroundings
from frontdesk.cli.screen import ms
from frontdesk.config import Settings
from frontdesk.contract.context import ModelCall
from frontdesk.contract.errors import FrontdeskError
from frontdesk.contract.findings import Finding, failed, passed, warned

QUESTION = "Say: ok"
FEWEST_TOKENS = 16
"""The Responses API takes no smaller limit for an answer."""


async def server(around: Surroundings) -> Finding:
    """Whether the models' server answers anything at all; it is sent no key."""
    settings = around.settings
    if not (settings.openai_api_key or settings.openai_base_url):
        return failed(
            "neither OPENAI_API_KEY nor OPENAI_BASE_URL is set",
            "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server without keys.",
        )
    base = settings.openai_base_url or OFFICIAL
    began = time.perf_counter()
    try:
        async with httpx2.AsyncClient() as client:
            answer = await client.get(f"{base.rstrip('/')}/models")
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        return failed(
            f"{host(base)}: {type(error).__name__}", "Check the network, and OPENAI_BASE_URL."
        )
    took = (time.perf_counter() - began) * 1000
    return passed(f"{host(base)} answers (HTTP {answer.status_code}) in {ms(took)}")


async def triage(around: Surroundings) -> Finding:
    """Whether the cheap model answers."""
    return await _asked(around.settings, around.settings.triage_model)


async def specialist(around: Surroundings) -> Finding:
    """Whether the expensive model answers."""
    return await _asked(around.settings, around.settings.specialist_model)


async def prices(around: Surroundings) -> Finding:
    """Whether receipts can tell what turns cost."""
    names = dict.fromkeys((around.settings.triage_model, around.settings.specialist_model))
    unknown = [name for name in names if price(ModelCall("", name, 1, 0, 1, 0)) is None]
    if not unknown:
        return passed(f"known: {', '.join(names)}")
    return warned(
        f"unknown: {', '.join(unknown)}",
        "Receipts show no cost for these models; check FRONTDESK_TRIAGE_MODEL and "
        "FRONTDESK_SPECIALIST_MODEL.",
    )


async def _asked(settings: Settings, name: str) -> Finding:
    try:
        said = await _smallest(settings, name)
    except FrontdeskError as error:
        return failed(f"{name}: {error.title.lower()}", error.detail)
    usage = said.usage
    if not usage.input_tokens:
        return passed(f"{name} answered")
    return passed(f"{name} answered: {usage.input_tokens} tokens in, {usage.output_tokens} out")


async def _smallest(settings: Settings, name: str) -> ModelResponse:
    """The smallest call, made as the desk makes its own, once."""
    asked = replace(call_settings(settings, name), max_tokens=FEWEST_TOKENS, retry=None)
    async with open_models(settings) as models:
        try:
            return await models.get_model(name).get_response(
                *(None, QUESTION, asked, [], None, [], ModelTracing.DISABLED),
                previous_response_id=None,
                conversation_id=None,
                prompt=None,
            )
        except Exception as error:
            known = failure(error)
            if known is None:
                raise
            raise known from None


def host(url: str) -> str:
    """The host of a URL, without user and password."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return "an address that is none"
