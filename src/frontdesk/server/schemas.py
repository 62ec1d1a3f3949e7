"""JSON Schemas of what goes in and out, made from the types themselves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

PLACE = "#/components/schemas/{model}"
Field = core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField

DATA_EVENT: Mapping[str, Any] = {
    "type": "object",
    "properties": {"data": {"type": "string"}},
    "required": ["data"],
}
"""A server-sent event that has data only."""


class _Answers(GenerateJsonSchema):
    """What leaves has every field, also one that has a default inside."""

    def field_is_required(self, field: Field, total: bool) -> bool:
        whole = self.mode == "serialization" and field["type"] != "typed-dict-field"
        return whole or super().field_is_required(field, total)


@dataclass(frozen=True, slots=True)
class Events:
    """Server-sent events: what one is called in the document, and the types of their data by the
    name of the event.
    """

    name: str
    kinds: Mapping[str, Any]

    def schema(self) -> dict[str, Any]:
        """The schema of one event."""
        one_of = [_event(name, given(kind)) for name, kind in self.kinds.items()]
        whole = {"title": self.name, "oneOf": one_of}
        return {"$ref": PLACE.format(model=self.name), "$defs": {self.name: whole}}


def taken(kind: Any) -> dict[str, Any]:
    """The schema of what comes in; the types that it names are in its `$defs`."""
    return _schema(kind, "validation")


def given(kind: Any) -> dict[str, Any]:
    """The schema of what leaves; the types that it names are in its `$defs`."""
    return _schema(kind, "serialization")


def lifted(document: dict[str, Any]) -> dict[str, Any]:
    """Takes every `$defs` out of the document, and returns them as one.

    Raises:
        ValueError: two types of one name are not the same.
    """
    found: dict[str, Any] = {}
    for definitions in list(_taken_out(document)):
        for name, schema in definitions.items():
            if found.setdefault(name, schema) != schema:
                raise ValueError(f"two types are named {name}: give one of them another name")
    return found


def _schema(kind: Any, mode: Any) -> dict[str, Any]:
    if isinstance(kind, Mapping):
        return {**kind}
    if isinstance(kind, Events):
        return kind.schema()
    made, shared = TypeAdapter.json_schemas(
        [("it", mode, TypeAdapter(kind))], ref_template=PLACE, schema_generator=_Answers
    )
    return {**made["it", mode], **shared}


def _event(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    text = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    properties = {"id": {"type": "string"}, "event": {"const": name}, "data": text}
    return {"type": "object", "properties": properties, "required": ["event", "data"]}


def _taken_out(part: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, dict):
        if "$defs" in part:
            definitions = part.pop("$defs")
            yield from _taken_out(list(definitions.values()))
            yield definitions
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _taken_out(each)
