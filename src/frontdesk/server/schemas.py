"""JSON Schemas of what goes in and out, made from the types themselves."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

PLACE = "#/components/schemas/{model}"
Field = core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField


class _Answers(GenerateJsonSchema):
    """What leaves has every field, also one that has a default inside."""

    def field_is_required(self, field: Field, total: bool) -> bool:
        whole = self.mode == "serialization" and field["type"] != "typed-dict-field"
        return whole or super().field_is_required(field, total)


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
    made, shared = TypeAdapter.json_schemas(
        [("it", mode, TypeAdapter(kind))], ref_template=PLACE, schema_generator=_Answers
    )
    return {**made["it", mode], **shared}


def _taken_out(part: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, dict):
        if "$defs" in part:
            yield part.pop("$defs")
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _taken_out(each)
