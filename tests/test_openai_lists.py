"""Lists, ids and metadata as OpenAI has them, whatever they are lists of."""

from typing import Any

import pytest
from starlette.requests import Request

from frontdesk.server.openai.errors import Refused
from frontdesk.server.openai.ids import named_session, own, renamed
from frontdesk.server.openai.lists import cut_of, included, page
from frontdesk.server.openai.metadata import checked_metadata

FIVE = [{"id": f"item_{number}"} for number in range(1, 6)]


def asking(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


def ids(query: str) -> tuple[list[str], bool]:
    found = page(FIVE, cut_of(asking(query)))
    shown = [each["id"][-1] for each in found["data"]]
    assert (found["first_id"] or "none")[-1] == (shown or ["e"])[0]
    assert (found["last_id"] or "none")[-1] == (shown or ["e"])[-1]
    return shown, found["has_more"]


@pytest.mark.parametrize(
    ("query", "shown", "more"),
    [
        ("", "54321", False),
        ("order=asc", "12345", False),
        ("limit=2", "54", True),
        ("limit=2&after=item_4", "32", True),
        ("limit=2&order=asc&after=item_3", "45", False),
        ("limit=2&order=asc&before=item_4", "23", True),
        ("order=asc&after=item_1&before=item_4", "23", False),
        ("after=item_1", "", False),
    ],
)
def test_a_page_is_what_lies_between_its_cursors(query: str, shown: str, more: bool) -> None:
    assert ids(query) == (list(shown), more)


def test_whoever_asks_on_by_the_last_id_comes_to_an_end() -> None:
    seen, query = list[str](), "limit=2"
    while (found := page(FIVE, cut_of(asking(query))))["data"]:
        seen += [each["id"] for each in found["data"]]
        query = f"limit=2&after={found['last_id']}"
    assert seen == [each["id"] for each in reversed(FIVE)]


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("limit=0", "limit", "integer_below_min_value"),
        ("limit=101", "limit", "integer_above_max_value"),
        ("limit=ten", "limit", "invalid_type"),
        ("order=up", "order", "invalid_value"),
        ("after=item_9", "after", "invalid_value"),
    ],
)
def test_what_cuts_nothing_is_refused(query: str, param: str, code: str) -> None:
    with pytest.raises(Refused) as stop:
        page(FIVE, cut_of(asking(query)))
    assert (stop.value.refusal.param, stop.value.refusal.code) == (param, code)


@pytest.mark.parametrize("query", ["include[]=a&include[]=b", "include=a&include=b"])
def test_arrays_come_as_the_sdks_and_as_people_write_them(query: str) -> None:
    assert included(asking(query)) == {"a", "b"}


def test_an_id_has_the_same_stem_under_every_name() -> None:
    assert renamed("turn_0aF", "chatcmpl-") == "chatcmpl-0aF"
    assert own("resp_0aF", "resp_", "turn") == "turn_0aF"


@pytest.mark.parametrize("given", ["resp_", "resp_a_b", "turn_a", "resp_a/b", f"resp_{'a' * 60}"])
def test_a_malformed_id_is_nobodys(given: str) -> None:
    assert own(given, "resp_", "turn") is None


def test_a_session_by_name_is_another_one_for_every_owner() -> None:
    assert named_session("owner a", "chat 1") == named_session("owner a", "chat 1")
    assert named_session("owner a", "chat 1") != named_session("owner b", "chat 1")
    assert named_session("owner a", "chat 1") != named_session("owner a", "chat 2")


@pytest.mark.parametrize("given", [None, {}, {"k" * 64: "v" * 512}, {"지역": "서울"}])
def test_metadata_is_texts_by_name(given: Any) -> None:
    assert checked_metadata(given) == (given or {})


@pytest.mark.parametrize(
    ("given", "param", "code"),
    [
        ([], "metadata", "invalid_type"),
        ({"a": 1}, "metadata.a", "invalid_type"),
        ({"a": "v" * 513}, "metadata.a", "string_above_max_length"),
        ({"a": "\0"}, "metadata.a", "invalid_value"),
        ({str(n): "" for n in range(17)}, "metadata", "object_above_max_properties"),
    ],
)
def test_other_metadata_is_refused(given: object, param: str, code: str) -> None:
    with pytest.raises(Refused) as stop:
        checked_metadata(given)
    assert (stop.value.refusal.param, stop.value.refusal.code) == (param, code)
