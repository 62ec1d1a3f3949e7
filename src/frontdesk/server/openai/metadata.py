"""Metadata of OpenAI's objects: up to 16 texts by name, checked in OpenAI's words."""

from collections.abc import Mapping

from frontdesk.server.openai.errors import refused

MOST_PAIRS = 16
LONGEST_KEY = 64
LONGEST_VALUE = 512


def checked_metadata(given: object) -> Mapping[str, str]:
    """The metadata; none for null.

    Raises:
        Refused: it is no object of texts, or too much.
    """
    if given is None:
        return {}
    if not isinstance(given, dict):
        words = "Invalid type for 'metadata': expected an object."
        raise refused(words, "metadata", "invalid_type")
    if len(given) > MOST_PAIRS:
        words = f"Expected an object with at most {MOST_PAIRS} properties, but got {len(given)}."
        code = "object_above_max_properties"
        raise refused(f"Invalid 'metadata': too many properties. {words}", "metadata", code)
    for key, value in given.items():
        _check(key, value)
    return given


def _check(key: str, value: object) -> None:
    param = f"metadata.{key[:LONGEST_KEY]}"
    if not isinstance(value, str):
        words = f"Invalid type for '{param}': expected a string."
        raise refused(words, param, "invalid_type")
    for name, text, most in (("key", key, LONGEST_KEY), ("value", value, LONGEST_VALUE)):
        if len(text) > most:
            words = f"the {name} is too long. Expected at most {most} characters."
            raise refused(f"Invalid '{param}': {words}", param, "string_above_max_length")
        if "\0" in text:
            words = f"Invalid '{param}': it must not hold U+0000."
            raise refused(words, param, "invalid_value")
