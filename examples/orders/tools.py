"""The shop's tools: six functions over its database, as an application has them already.

The async ones wait a few milliseconds, as a call to another service would. What they raise reaches the program as a
`ToolError` that is also a `LookupError`, `ConnectionError` or `ValueError`, without the application's traceback.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from codemode import RuntimeContext

from .database import CARRIERS, UNREACHABLE, Database

Money = Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=2)]
Tier = Literal["standard", "silver", "gold"]


class Customer(BaseModel):
    """A customer and what it spent."""

    id: int
    name: str
    tier: Tier
    spent: Decimal


class Order(BaseModel):
    """An order."""

    id: int
    placed_on: date
    total: Decimal


class Shipment(BaseModel):
    """Where an order is. ``delivered_on`` is empty while it is under way."""

    order_id: int
    carrier: str
    promised_on: date
    delivered_on: date | None


class Policy(BaseModel):
    """What a tier gets for a delay: ``percent_per_day`` of the order for each day after ``grace_days``, up to a cap."""

    grace_days: int
    percent_per_day: Decimal
    cap_percent: Decimal


POLICIES = {
    "standard": Policy(grace_days=3, percent_per_day=Decimal("2"), cap_percent=Decimal("10")),
    "silver": Policy(grace_days=2, percent_per_day=Decimal("3"), cap_percent=Decimal("15")),
    "gold": Policy(grace_days=1, percent_per_day=Decimal("4.5"), cap_percent=Decimal("25")),
}


class Shop:
    """The tools, bound to a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tools(self) -> dict[str, Callable[..., Any]]:
        """The tools by name, ready to be registered."""
        return {
            "best_customers": self.best_customers,
            "orders_of": self.orders_of,
            "shipment_of": self.shipment_of,
            "carrier_delays": self.carrier_delays,
            "refund_policy": self.refund_policy,
            "file_refund": self.file_refund,
        }

    def best_customers(self, since: date, limit: Annotated[int, Field(ge=1, le=100)] = 10) -> list[Customer]:
        """The customers that spent most since a day, the best first."""
        rows = self._rows(
            "SELECT c.id, c.name, c.tier, sum(o.total) AS spent FROM customers c JOIN orders o ON o.customer_id = c.id "
            "WHERE o.placed_on >= ? GROUP BY c.id ORDER BY spent DESC, c.id LIMIT ?",
            since.isoformat(),
            limit,
        )
        return [Customer(id=row["id"], name=row["name"], tier=row["tier"], spent=_money(row["spent"])) for row in rows]

    async def orders_of(self, customer_id: int, since: date) -> list[Order]:
        """A customer's orders since a day, the oldest first."""
        await _network(customer_id)
        query = "SELECT id, placed_on, total FROM orders WHERE customer_id = ? AND placed_on >= ?"
        rows = self._rows(f"{query} ORDER BY placed_on, id", customer_id, since.isoformat())
        return [Order(id=row["id"], placed_on=row["placed_on"], total=_money(row["total"])) for row in rows]

    async def shipment_of(self, order_id: int) -> Shipment:
        """The shipment of an order, as its carrier tracks it."""
        await _network(order_id)
        rows = self._rows("SELECT * FROM shipments WHERE order_id = ?", order_id)
        if not rows:
            raise LookupError(f"order {order_id} was never shipped")
        shipment = Shipment(**dict(rows[0]))
        if shipment.carrier == UNREACHABLE:
            raise ConnectionError(f"the tracking service of {UNREACHABLE} does not answer")
        return shipment

    async def carrier_delays(self, carrier: str) -> list[int]:
        """By how many days each of a carrier's deliveries was late; 0 for those in time."""
        if carrier not in CARRIERS:
            raise LookupError(f"no carrier named {carrier!r}")
        await _network(len(carrier))
        query = "SELECT max(0, julianday(delivered_on) - julianday(promised_on)) AS late FROM shipments"
        rows = self._rows(f"{query} WHERE carrier = ? AND delivered_on IS NOT NULL", carrier)
        return [int(row["late"]) for row in rows]

    def refund_policy(self, tier: Tier) -> Policy:
        """What customers of a tier get for a delay."""
        return POLICIES[tier]

    def file_refund(self, order_id: int, amount: Money, reason: str, context: RuntimeContext) -> int:
        """Files a refund and returns its number. An order is refunded once, and never more than it cost."""
        with self._database.transaction() as connection:
            order = connection.execute("SELECT total FROM orders WHERE id = ?", (order_id,)).fetchone()
            if order is None:
                raise LookupError(f"no order {order_id}")
            if amount > _money(order["total"]):
                raise ValueError(f"{amount} is more than order {order_id} cost ({_money(order['total'])})")
            # Who files it is the application's to say, not the program's. The key makes a repeated call harmless.
            who, call = context.require("operator"), context.metadata["idempotency_key"]
            row = (order_id, int(amount * 100), reason, who, call)
            insert = "INSERT INTO refunds (order_id, amount, reason, filed_by, call) VALUES (?, ?, ?, ?, ?)"
            try:
                return int(connection.execute(insert, row).lastrowid or 0)
            except sqlite3.IntegrityError:
                raise ValueError(f"order {order_id} has been refunded already") from None

    def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._database.transaction() as connection:
            return connection.execute(query, values).fetchall()


async def _network(number: int) -> None:
    # 5 to 20 ms, the same for the same argument.
    await asyncio.sleep(0.005 + number * 37 % 16 / 1000)


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
