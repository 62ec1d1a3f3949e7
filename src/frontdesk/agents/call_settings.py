"""How a model is asked: limits, storage, retries; the same for every call of a crew."""

from typing import Any
from urllib.parse import urlsplit

from agents import (
    ModelProvider,
    ModelRetrySettings,
    ModelSettings,
    RetryPolicyContext,
    RunConfig,
    retry_policies,
)
from agents.run_config import CallModelData, ModelInputData

from frontdesk.config import Settings
from frontdesk.contract.context import TurnContext
from frontdesk.tracing.spans import trace_id

MAX_RETRIES = 2
LONGEST_WAIT_S = 20.0
RETRIED = (429, 500, 502, 503, 504)
SEALED_REASONING = "reasoning.encrypted_content"
WITHOUT_REASONING = ("gpt-3", "gpt-4", "chatgpt")


def call_settings(settings: Settings, model: str) -> ModelSettings:
    """What every call of this model is made with. Nothing is stored at OpenAI; so a reasoning model
    gives its reasoning out sealed, to be shown again after a tool call.
    """
    return ModelSettings(
        store=False,
        max_tokens=settings.max_output_tokens,
        timeout=settings.model_timeout_s,
        include_usage=True,
        response_include=[SEALED_REASONING] if reasons(settings, model) else None,
        retry=ModelRetrySettings(max_retries=MAX_RETRIES, policy=_retries()),
    )


def run_settings(context: TurnContext, models: ModelProvider, settings: Settings) -> RunConfig:
    """What every run of agents for a turn is made with."""
    return RunConfig(
        model_provider=models,
        tool_not_found_behavior="return_error_to_model",
        tool_name_collision_policy="error",
        call_model_input_filter=drop_unsealed_reasoning,
        trace_include_sensitive_data=settings.trace_to_openai,
        workflow_name="frontdesk.turn",
        trace_id=trace_id(context.turn_id),
        group_id=context.session_id,
    )


def _retries() -> Any:
    """Tries again what may work the next time; a server that asks for a long wait gets none."""
    chosen = retry_policies.any(
        retry_policies.provider_suggested(),
        retry_policies.retry_after(),
        retry_policies.network_error(),
        retry_policies.http_status(RETRIED),
    )

    def patient(context: RetryPolicyContext) -> Any:
        if (context.normalized.retry_after or 0) > LONGEST_WAIT_S:
            return False
        return chosen(context)

    return patient


def reasons(settings: Settings, model: str) -> bool:
    """Whether it is one of OpenAI's own reasoning models, asked by the Responses API: only they
    give their reasoning out sealed.
    """
    return settings.model_api == "responses" and _official(settings) and not _plain(model)


def takes_effort(settings: Settings, model: str) -> bool:
    """Whether the model can be told how long to reason; OpenAI's others refuse to be told."""
    return not (_official(settings) and _plain(model))


def _official(settings: Settings) -> bool:
    host = urlsplit(settings.openai_base_url or "https://api.openai.com").hostname
    return host == "api.openai.com"


def _plain(model: str) -> bool:
    return model.startswith(WITHOUT_REASONING) or "-chat" in model


def drop_unsealed_reasoning(data: CallModelData[TurnContext]) -> ModelInputData:
    """Leaves out reasoning that has only its id: nothing is stored, so no server would find it."""
    asked = data.model_data
    asked.input = [item for item in asked.input if _stands_alone(item)]
    return asked


def _stands_alone(item: Any) -> bool:
    return item.get("type") != "reasoning" or bool(item.get("encrypted_content"))
