"""What a model call costs, from the price list that comes with genai-prices; nothing is fetched."""

from decimal import Decimal

from genai_prices import Usage, calc_price

from frontdesk.contract.context import ModelCall


def price(call: ModelCall) -> Decimal | None:
    """The price of the call in USD, or None where the model or its tokens make no sense to the
    list. Reasoning tokens are output tokens.
    """
    try:
        usage = Usage(
            input_tokens=call.input_tokens,
            cache_read_tokens=call.cached_tokens,
            output_tokens=call.output_tokens,
        )
        return calc_price(usage, call.model).total_price
    except (LookupError, ValueError):
        return None
