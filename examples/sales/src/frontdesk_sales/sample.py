"""An invented database, so that the plugin works without one."""

import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

SQL = """
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price_krw INTEGER NOT NULL);
CREATE TABLE sales (
  day TEXT NOT NULL,
  product_id INTEGER NOT NULL REFERENCES products,
  pieces INTEGER NOT NULL
);
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL);
INSERT INTO products VALUES (1, 'teapot', 48000), (2, 'cup', 12000), (3, 'tea towel', 9000);
INSERT INTO sales VALUES ('2026-10-01', 1, 3), ('2026-10-01', 2, 10), ('2026-10-02', 1, 1),
  ('2026-10-02', 3, 7), ('2026-10-03', 2, 4);
INSERT INTO customers VALUES (1, 'someone@example.com');
"""


def written(path: Path) -> Path:
    """The database in this file, written anew: all processes of a data folder share it."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with closing(sqlite3.connect(draft)) as database:
        database.executescript(SQL)
    os.replace(draft, path)
    return path
