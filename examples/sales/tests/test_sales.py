"""What a model may ask the database, and what it may not."""

from pathlib import Path

import pytest

from frontdesk.testing import parts_of, run_tool, scripted_desk, text, tool_call
from frontdesk_sales import plugin
from frontdesk_sales.reading import Bounds, Reader, Refused
from frontdesk_sales.sample import written

NUMBERS = "SELECT a.pieces FROM sales a, sales b, sales c, sales d, sales e, sales f, sales g"
"""78125 rows."""


def reader(tmp_path: Path, rows: int = 100, size: int = 16_384, seconds: float = 5.0) -> Reader:
    """A reader of the invented database."""
    tables = {"sales", "products"}
    return Reader(written(tmp_path / "sales.sqlite"), tables, Bounds(rows, size, seconds))


def test_a_query_is_answered_with_its_columns(tmp_path: Path) -> None:
    sql = (
        "SELECT name, sum(pieces) AS sold FROM sales JOIN products ON id = product_id "
        "GROUP BY name ORDER BY sold DESC LIMIT 2"
    )
    found = reader(tmp_path).rows(sql)
    assert (found.columns, found.rows) == (["name", "sold"], [["cup", 14], ["tea towel", 7]])
    assert not found.cut


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM sales",
        "INSERT INTO sales VALUES ('2026-11-01', 1, 1)",
        "UPDATE products SET price_krw = 0",
        "DROP TABLE sales",
        "CREATE TEMP TABLE x AS SELECT 1",
        "ATTACH DATABASE '/tmp/other.sqlite' AS other",
        "PRAGMA writable_schema = 1",
        "PRAGMA table_info(sales)",
        "VACUUM INTO '/tmp/copy.sqlite'",
        "SELECT 1; DELETE FROM sales",
        "SELECT email FROM customers",
        "SELECT count(*) FROM customers",
        "SELECT count(*) FROM CUSTOMERS AS sales",
        "SELECT count(*) FROM sqlite_schema",
        "SELECT count(*) FROM pragma_table_list",
        "SELECT * FROM json_each('[1]')",
        "SELECT pieces FROM sales UNION SELECT email FROM customers",
        "SELECT (SELECT email FROM customers) FROM sales",
        "SELECT sql FROM sqlite_master",
        "SELECT load_extension('x')",
        "SELECT randomblob(100000000)",
        "SELECT replace(name, 'a', name) FROM products",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "BEGIN",
        "EXPLAIN DELETE FROM sales",
        "nonsense",
        "",
        "SELECT '\0'",
        "SELECT " + "1," * 3_000 + "1",
    ],
)
def test_anything_but_reading_these_tables_is_refused(tmp_path: Path, sql: str) -> None:
    with pytest.raises(Refused):
        reader(tmp_path).rows(sql)


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("SELECT count(*) FROM (SELECT pieces FROM sales)", 5),
        ("WITH q AS (SELECT pieces FROM sales) SELECT count(*) FROM q a, q b", 25),
        ("SELECT count(*) FROM SALES", 5),
        ("SELECT max(d) FROM (SELECT date(day) AS d FROM sales UNION SELECT 'a')", "a"),
    ],
)
def test_queries_within_queries_are_answered(tmp_path: Path, sql: str, answer: object) -> None:
    assert reader(tmp_path).rows(sql).rows == [[answer]]


def test_what_was_refused_has_changed_nothing(tmp_path: Path) -> None:
    book = reader(tmp_path)
    before = book.path.read_bytes()
    with pytest.raises(Refused):
        book.rows("DELETE FROM sales")
    assert book.path.read_bytes() == before


def test_long_results_are_cut_by_rows_and_by_bytes(tmp_path: Path) -> None:
    few = reader(tmp_path, rows=3).rows(NUMBERS)
    assert (len(few.rows), few.cut) == (3, True)
    small = reader(tmp_path, size=50).rows(NUMBERS)
    assert (len(small.rows) <= 50, small.cut) == (True, True)


def test_a_query_ends_at_its_deadline(tmp_path: Path) -> None:
    endless = " , ".join(["SELECT count(*) FROM sales a", *(f"sales b{n}" for n in range(20))])
    with pytest.raises(Refused, match="interrupted"):
        reader(tmp_path, seconds=0.05).rows(endless)


async def test_a_model_reads_why_its_query_was_refused() -> None:
    async with parts_of(plugin) as parts:
        query, tables = parts.tools
        assert "no such column: price" in await run_tool(query, sql="SELECT price FROM products")
        shown = await run_tool(tables)
    assert "price_krw" in shown
    assert "customers" not in shown


async def test_an_agent_asks_the_database() -> None:
    call = tool_call("query_sales", {"sql": "SELECT sum(pieces) FROM sales"})
    async with scripted_desk(plugin, call, text("25 pieces.")) as ann:
        result = await ann.ask("How many pieces were sold?")
    assert result.answer == "25 pieces."
    assert result.receipt
    assert [use.ok for use in result.receipt.tools] == [True]
