"""The shop's orders: a small SQLite file, made from the SQL that ships with the package."""

import asyncio
import os
import secrets
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

_STATUS = {
    "preparing": ("being prepared", "준비 중"),
    "on_the_way": ("on the way", "배송 중"),
    "delayed": ("delayed", "배송 지연"),
    "delivered": ("delivered", "배송 완료"),
    "cancelled": ("cancelled", "취소됨"),
    "returned": ("returned", "반품됨"),
}

_QUERY = """
SELECT number, item_en, item_ko, quantity, amount_krw, status,
       date('now', ordered_days || ' days') AS ordered,
       date('now', due_days || ' days') AS due
FROM orders WHERE number = ?
"""


@dataclass(frozen=True, slots=True)
class Order:
    """One order; `ordered` and `due` are dates, `due` None when nothing will come any more."""

    number: str
    item_en: str
    item_ko: str
    quantity: int
    amount_krw: int
    status: str
    ordered: str
    due: str | None


@dataclass(frozen=True, slots=True)
class Orders:
    """Finds orders in a file; it reads in a thread and never writes."""

    path: Path

    async def find(self, number: str) -> Order | None:
        """The order of this number, None when there is none."""
        return await asyncio.to_thread(self._find, number)

    def _find(self, number: str) -> Order | None:
        with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as database:
            row = database.execute(_QUERY, (number,)).fetchone()
        return Order(*row) if row else None


async def open_orders(folder: Path) -> Orders:
    """The orders in this folder, written anew: all processes of a data folder share the file."""
    return await asyncio.to_thread(_made, folder)


def _made(folder: Path) -> Orders:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.resolve() / "orders.sqlite"
    draft = path.with_name(f"orders.{secrets.token_hex(4)}")
    with closing(sqlite3.connect(draft)) as database:
        database.executescript(files("frontdesk.demo").joinpath("orders.sql").read_text("utf-8"))
    os.replace(draft, path)
    return Orders(path)


def described(order: Order) -> str:
    """The order in two languages: who reads it is not known here."""
    status_en, status_ko = _STATUS[order.status]
    due_en, due_ko = _due(order)
    return (
        f"Order {order.number}: {order.quantity} x {order.item_en}, {order.amount_krw:,} KRW, "
        f"ordered {order.ordered}, {status_en}{due_en}.\n"
        f"주문 {order.number}: {order.item_ko} {order.quantity}개, {order.amount_krw:,}원, "
        f"{order.ordered} 주문, {status_ko}{due_ko}."
    )


def missing(number: str) -> str:
    """What is said when no order has the number."""
    return (
        f"There is no order {number}. Please check the number.\n"
        f"주문 번호 {number}에 해당하는 주문이 없습니다. 번호를 확인해 주세요."
    )


def _due(order: Order) -> tuple[str, str]:
    if order.due is None:
        return "", ""
    if order.status == "delivered":
        return f" {order.due}", f" ({order.due})"
    return f", expected {order.due}", f", {order.due} 도착 예정"
