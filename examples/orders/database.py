"""The shop's SQLite database, made on the spot from a seed: the same rows on every machine.

Only `random.Random.random` is drawn from: it alone is promised to give the same numbers in every Python version. So the
whole example has one exact result, which a test checks. Money is stored in cents.
"""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

TODAY = date(2026, 11, 2)
CUSTOMERS = 240
ORDERS = 5_000
DAYS = 300  # how far back orders go

CARRIERS = ("Aurora Post", "Blue Heron", "Kestrel Freight", "Meridian", "Sparrow")
UNREACHABLE = "Kestrel Freight"
"""The carrier whose tracking service does not answer."""

_SHARE_LATE = {"Aurora Post": 0.26, "Blue Heron": 0.34, "Kestrel Freight": 0.40, "Meridian": 0.21, "Sparrow": 0.48}
_TIERS = ("standard", "silver", "gold")
_FIRST: tuple[str, ...] = ("Amber", "Birch", "Cobalt", "Delta", "Ember", "Fjord", "Granite", "Harbour")
_FIRST += ("Indigo", "Juniper", "Keystone", "Lumen", "Maple", "Nordic", "Onyx")
_LAST: tuple[str, ...] = ("Analytics", "Bakery", "Cycles", "Dental", "Energy", "Foods", "Gardens", "Hotels")
_LAST += ("Instruments", "Joinery", "Kitchens", "Labs", "Motors", "Optics", "Printers", "Roasters")

SCHEMA = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, tier TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers,
                     placed_on TEXT NOT NULL, total INTEGER NOT NULL);
CREATE TABLE shipments (order_id INTEGER PRIMARY KEY REFERENCES orders, carrier TEXT NOT NULL,
                        promised_on TEXT NOT NULL, delivered_on TEXT);
CREATE TABLE refunds (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL UNIQUE REFERENCES orders,
                      amount INTEGER NOT NULL, reason TEXT NOT NULL, filed_by TEXT NOT NULL, call TEXT UNIQUE);
CREATE INDEX orders_by_customer ON orders (customer_id, placed_on);
CREATE INDEX shipments_by_carrier ON shipments (carrier);
"""

T = TypeVar("T")
Draw = Callable[[], float]


class Database:
    """One connection, for one thread at a time: sync tools run in several threads, async ones on the event loop."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The connection, in a transaction: committed at the end, rolled back when the block raises."""
        with self._lock, self._connection:
            yield self._connection

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


def build(path: Path, seed: int = 7) -> Database:
    """Makes the database at ``path``, which must not exist yet."""
    database = Database(path)
    draw = random.Random(seed).random  # noqa: S311  # sample data, not a secret
    with database.transaction() as connection:
        # A file of a few minutes: nobody needs it after a power failure.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?)", _customers(draw))
        orders = list(_orders(draw))
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", orders)
        shipments = list(_shipments(draw, orders))
        connection.executemany("INSERT INTO shipments VALUES (?, ?, ?, ?)", shipments)
        refunds = _old_refunds(draw, shipments)
        connection.executemany("INSERT INTO refunds (order_id, amount, reason, filed_by) VALUES (?, ?, ?, ?)", refunds)
    return database


def _pick(draw: Draw, options: Sequence[T]) -> T:
    return options[int(draw() * len(options))]


def _customers(draw: Draw) -> Iterator[tuple[int, str, str]]:
    for number in range(1, CUSTOMERS + 1):
        # 15 and 16 words have no common divisor, so the 240 names all differ.
        yield number, f"{_FIRST[number % len(_FIRST)]} {_LAST[number % len(_LAST)]}", _pick(draw, _TIERS)


def _orders(draw: Draw) -> Iterator[tuple[int, int, str, int]]:
    for number in range(1, ORDERS + 1):
        # A product of two draws makes a few customers large and most of them small, as in any shop.
        customer = int(CUSTOMERS * draw() * draw())
        placed = TODAY - timedelta(days=int(draw() * DAYS))
        total = 900 + int(draw() * draw() * 60_000)
        yield 10_000 + number, 1 + customer * 97 % CUSTOMERS, placed.isoformat(), total


def _shipments(draw: Draw, orders: Sequence[tuple[int, int, str, int]]) -> Iterator[tuple[int, str, str, str | None]]:
    for order, _, placed_on, _ in orders:
        shipped, carrier, speed, late, days = draw(), _pick(draw, CARRIERS), draw(), draw(), draw()
        if shipped < 0.03:
            continue
        promised = date.fromisoformat(placed_on) + timedelta(days=2 + int(speed * 4))
        delay = 1 + int(days * days * 16) if late < _SHARE_LATE[carrier] else -int(days * 2)
        delivered = promised + timedelta(days=delay)
        yield order, carrier, promised.isoformat(), delivered.isoformat() if delivered <= TODAY else None


def _old_refunds(
    draw: Draw, shipments: Sequence[tuple[int, str, str, str | None]]
) -> Iterator[tuple[int, int, str, str]]:
    """Some late orders that somebody has refunded by hand already: a second refund must be refused."""
    for order, _, promised, delivered in shipments:
        if delivered is not None and delivered > promised and draw() < 0.05:
            yield order, 500, "goodwill", "front desk"
