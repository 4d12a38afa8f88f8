"""The example of `make demo`, as a user starts it. Its data is made from a seed, so its result is known to the cent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

CUSTOMERS = [
    # name, tier, spent, orders, late, refunded
    ("Birch Bakery", "standard", "7259.95", 47, 13, "54.89"),
    ("Harbour Energy", "standard", "5299.14", 26, 4, "14.13"),
    ("Amber Dental", "silver", "5034.31", 33, 14, "88.84"),
    ("Indigo Cycles", "gold", "4732.83", 29, 6, "126.28"),
    ("Granite Gardens", "silver", "4286.28", 22, 7, "111.16"),
    ("Nordic Hotels", "standard", "4185.55", 27, 7, "4.16"),
    ("Fjord Instruments", "gold", "4171.97", 25, 4, "130.89"),
    ("Keystone Optics", "gold", "4033.54", 21, 4, "42.31"),
    ("Harbour Dental", "gold", "3979.34", 16, 5, "181.31"),
    ("Nordic Gardens", "gold", "3876.05", 20, 4, "94.83"),
]

CARRIERS = [
    # name, late, late_in_percent, worst_tenth_from_days
    ("Sparrow", 28, 47.8, 10.0),
    ("Aurora Post", 14, 25.1, 5.6),
    ("Meridian", 14, 21.9, 4.0),
    ("Blue Heron", 12, 33.7, 8.0),
]


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "examples.orders", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=25)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_example_files_the_refunds_that_it_reports() -> None:
    document = json.loads(run("--json"))

    names = ("name", "tier", "spent", "orders", "late", "refunded")
    assert document["result"] == {
        "orders": 266,
        "late": 68,
        "median_days_late": 4.0,
        "refunds": 39,
        "refunded": "848.80",
        "not_refunded": {"carrier does not answer": 47, "never shipped": 10, "refunded before": 3},
        "customers": [dict(zip(names, row, strict=True)) for row in CUSTOMERS],
        "carriers": [
            dict(zip(("name", "late", "late_in_percent", "worst_tenth_from_days"), row, strict=True))
            for row in CARRIERS
        ],
    }
    database = document["database"]
    assert (database["refunds"], database["total"], database["agrees"]) == (39, "848.80", True)
    assert {name: (tool["calls"], tool["failed"]) for name, tool in document["tools"].items()} == {
        "best_customers": (1, 0),
        "refund_policy": (3, 0),
        "orders_of": (10, 0),
        "shipment_of": (266, 57),
        "file_refund": (42, 3),
        "carrier_delays": (4, 0),
    }
    # The shipments are looked up side by side.
    assert document["tools"]["shipment_of"]["at_once"] > 50
    assert document["stdout"].splitlines()[0] == "266 orders of 10 customers since 2026-08-01"


def test_the_text_fits_in_a_hundred_columns() -> None:
    lines = run().splitlines()

    assert max(map(len, lines)) <= 100
    assert "39 refunds of 848.80 in all, filed by refund-desk: as the program says" in lines
