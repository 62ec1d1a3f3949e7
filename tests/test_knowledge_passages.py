"""Documents as passages: what a reader sees, under the headings where it stands."""

import time

import pytest

from frontdesk.tools.knowledge.pages import page
from frontdesk.tools.knowledge.passages import Heading, markdown, passages

# Repeated, these would keep a careless pattern busy for ever.
# (`<a <` and `<!--` do so to the HTML parser of Python 3.11 itself.)
HOSTILE = ["# #", "\n \n", " " * 10, "<svg>", "<p></svg>", "&#", "```\n# "]


def test_a_page_is_read_as_a_reader_sees_it() -> None:
    parts = page(
        "<!DOCTYPE html><head><title>T</title><style>p{}</style></head><body><h1>Care of "
        "<em>oak</em></h1><p>Oil&nbsp;it &amp; wait.<script>var x = '<p>bad</p>'</script>"
        "<br>Then<!-- no --> rest.<table><tr><td>a</td><td>b</td></tr></table>"
        "<template>no<template></template>no</template><svg><text>no</text></svg>"
    )

    lines = [part for part in parts if part]
    assert lines == [Heading(1, "Care of oak"), "Oil it & wait.", "Then rest.", "a b"]


def test_markdown_is_divided_at_its_headings() -> None:
    text = "# A\none\n### B ##\ntwo\n```\n# no heading\n```\n<!-- hidden -->\n## C\nthree\n#no\n"
    found = [(each.trail, each.text) for each in passages(markdown(text))]

    assert found == [
        (("A",), "one"),
        (("A", "B"), "two\n```\n# no heading\n```"),
        (("A", "C"), "three\n#no"),
    ]


def test_a_long_text_is_divided_at_paragraphs_and_loses_no_word() -> None:
    text = "\n\n".join(" ".join(f"w{n}-{m}" for m in range(60)) for n in range(4)) + " x" * 400
    pieces = [each.text for each in passages(text.splitlines())]

    assert " ".join(pieces).split() == text.split()
    assert max(len(piece.split()) for piece in pieces) <= 150
    assert pieces[0].endswith("w1-59")


def test_text_without_spaces_is_divided_too() -> None:
    (first, *rest) = [each.text for each in passages(["字" * 10_000])]

    assert len(first) == 6_000
    assert sum(map(len, rest)) == 4_000


@pytest.mark.parametrize("piece", [*HOSTILE, "<!--", "<a <"])
def test_a_hostile_file_is_read_in_linear_time(piece: str) -> None:
    text = piece * 20_000
    began = time.process_time()
    list(passages(markdown(text)))
    list(passages(text.splitlines()))
    if piece in HOSTILE:
        list(passages(page(text)))

    assert time.process_time() - began < 2
