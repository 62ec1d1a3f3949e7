"""Questions to a database: a model writes the SQL, and can only read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, PositiveFloat, PositiveInt

from frontdesk.contract.parts import Parts, PluginPlace
from frontdesk.contract.tools import Tool, tool
from frontdesk_sales.reading import Bounds, Reader, Refused, Rows
from frontdesk_sales.sample import written

LONGEST_SQL = 4_000
SLACK_S = 3.0
"""What a call may take beside its query, so that the query's own deadline strikes first."""

Sql = Annotated[str, Field(max_length=LONGEST_SQL, examples=["SELECT count(*) FROM sales"])]


class Settings(BaseModel):
    """Read from FRONTDESK_PLUGIN_SALES_<FIELD>, or `.env`."""

    database: Path | None = None
    tables: frozenset[str] = frozenset({"sales", "products"})
    rows: PositiveInt = 100
    bytes: PositiveInt = 16_384
    seconds: PositiveFloat = 2.0


def querying(reader: Reader) -> Tool:
    """Runs one query."""

    @tool(timeout_s=reader.bounds.seconds + SLACK_S, concurrency=4)
    def query_sales(sql: Sql) -> Rows | str:
        """Runs one SELECT in SQLite's dialect over the tables that `sales_tables` shows.

        Args:
            sql: A single SELECT statement.
        """
        try:
            return reader.rows(sql)
        except Refused as refused:
            return f"The query was not run to its end: {refused}."

    return query_sales


def describing(reader: Reader) -> Tool:
    """Tells what there is to query."""

    @tool
    def sales_tables() -> str:
        """Shows the tables and columns of the sales database."""
        return reader.schema()

    return sales_tables


@asynccontextmanager
async def plugin(place: PluginPlace) -> AsyncIterator[Parts]:
    """Brings two tools on the database of the settings, or else on an invented one."""
    settings = place.settings(Settings)
    path = settings.database
    if path is None:
        path = await asyncio.to_thread(written, place.folder / "sales.sqlite")
    bounds = Bounds(settings.rows, settings.bytes, settings.seconds)
    reader = Reader(path, settings.tables, bounds)
    yield Parts(tools=(querying(reader), describing(reader)))
