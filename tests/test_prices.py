"""Prices: from the shipped list, unknown where it knows nothing."""

from decimal import Decimal

import pytest

from frontdesk.agents.prices import price
from frontdesk.contract.context import ModelCall


def call(model: str, tokens: int, cached: int = 0, output: int = 0) -> ModelCall:
    return ModelCall("triage", model, tokens, cached, output, 0)


@pytest.mark.parametrize("model", ["gpt-6-luna", "gpt-6.1-sol"])
def test_the_default_models_have_a_price(model: str) -> None:
    cost = price(call(model, 1000, 0, 100))
    assert isinstance(cost, Decimal)
    assert cost > 0


def test_cached_tokens_are_cheaper() -> None:
    cold, warm = (price(call("gpt-6-luna", 1000, cached)) for cached in (0, 900))
    assert cold is not None
    assert warm is not None
    assert 0 < warm < cold


@pytest.mark.parametrize("model", ["a-model-of-our-own", "", "x" * 1000])
def test_an_unknown_model_has_no_price(model: str) -> None:
    assert price(call(model, 1000)) is None


@pytest.mark.parametrize(("tokens", "cached"), [(10, 40), (-1, 0)])
def test_tokens_that_make_no_sense_have_no_price(tokens: int, cached: int) -> None:
    assert price(call("gpt-6-luna", tokens, cached)) is None
