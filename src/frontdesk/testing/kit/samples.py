"""Arguments to try a tool with, made from the types of its parameters."""

from collections.abc import Mapping
from typing import Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from frontdesk.contract.tools import Tool
from frontdesk.tools.signatures import signature_of

BY_TYPE: Mapping[str, Any] = {"string": "example", "boolean": False, "null": None}
BY_FORMAT = {
    "date": "2030-01-31",
    "date-time": "2030-01-31T12:00:00Z",
    "time": "12:00:00",
    "duration": "PT1H",
    "email": "ann@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
DEPTH = 8


class NoSample(Exception):
    """No argument can be made up; the words name the parameter."""


def sample_arguments(tool: Tool) -> dict[str, Any]:
    """An argument for each parameter that has no default: the first of `Field(examples=[...])`, or
    what its type allows.

    Raises:
        NoSample: for one of them nothing fits.
    """
    needed = (each for each in signature_of(tool).parameters if each.default is each.empty)
    plain = (
        each for each in needed if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
    )
    return {each.name: _argument(each.name, each.annotation) for each in plain}


def _argument(name: str, annotation: Any) -> Any:
    try:
        adapter = TypeAdapter(annotation)
        schema = adapter.json_schema()
        return adapter.validate_python(_value(schema, schema.get("$defs", {}), DEPTH))
    except (ValidationError, PydanticUserError, KeyError):
        raise NoSample(name) from None


def _value(schema: Mapping[str, Any], named: Mapping[str, Any], depth: int) -> Any:
    """Raises KeyError when there is none."""
    if depth == 0:
        raise KeyError("too deep")
    if "$ref" in schema:
        return _value(named[schema["$ref"].rpartition("/")[2]], named, depth - 1)
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("default", "const"):
        if key in schema:
            return schema[key]
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], named, depth - 1)
    return _of_type(schema, named, depth)


def _of_type(schema: Mapping[str, Any], named: Mapping[str, Any], depth: int) -> Any:
    match schema.get("type"):
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "array":
            return [_value(schema["items"], named, depth - 1)] if "items" in schema else []
        case "object":
            fields = {name: schema["properties"][name] for name in schema.get("required", ())}
            return {name: _value(each, named, depth - 1) for name, each in fields.items()}
        case "string" if "format" in schema:
            return BY_FORMAT[schema["format"]]
        case kind:
            return BY_TYPE[str(kind)]
