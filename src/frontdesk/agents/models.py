"""The models of a process: one client, one small model per name, for either OpenAI protocol."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, TypeAlias

import httpx2
from agents import Model, ModelProvider
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from frontdesk.agents.client import LeanOpenAI
from frontdesk.agents.cuts import CutCompletions, CutResponses
from frontdesk.config import Settings
from frontdesk.contract.errors import SettingsError

OFFICIAL = "https://api.openai.com/v1"
PLACEHOLDER_KEY = "none"
CONNECTIONS = 1000
CONNECT_S = 10.0

Models: TypeAlias = ModelProvider
"""Gives a model for each name: the SDK's own protocol, so that tests and the demo bring theirs."""


class OpenAIModels(ModelProvider):
    """The models behind one client; `api` is the protocol that they speak."""

    def __init__(self, client: AsyncOpenAI, api: Literal["responses", "chat_completions"]) -> None:
        self._client = client
        self._kind = CutResponses if api == "responses" else CutCompletions
        self._models: dict[str, Model] = {}

    def get_model(self, model_name: str | None) -> Model:
        """The model of this name, always the same object."""
        name = model_name or ""
        if name not in self._models:
            self._models[name] = self._kind(name, self._client)
        return self._models[name]


@asynccontextmanager
async def open_models(settings: Settings) -> AsyncIterator[Models]:
    """Opens the one client of this process; retries are the runner's, so the client makes none.

    Raises:
        SettingsError: neither a key nor another server is set.
    """
    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    timeout = httpx2.Timeout(settings.model_timeout_s, connect=CONNECT_S)
    async with LeanOpenAI(
        api_key=_key(settings),
        base_url=settings.openai_base_url or OFFICIAL,
        max_retries=0,
        timeout=timeout,
        http_client=DefaultAsyncHttpxClient(limits=limits, timeout=timeout),
    ) as client:
        yield OpenAIModels(client, settings.model_api)


def _key(settings: Settings) -> str:
    if settings.openai_api_key:
        return settings.openai_api_key.get_secret_value()
    if settings.openai_base_url:
        return PLACEHOLDER_KEY
    raise SettingsError(
        "There is no model to ask: set OPENAI_API_KEY (or OPENAI_BASE_URL for a server without "
        "keys), or try `frontdesk demo`, which needs neither."
    )
