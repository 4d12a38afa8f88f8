"""What a model writes when it is asked:

    Find the delayed orders of our ten best customers of the last quarter, work out each refund by our policy, file the
    refunds, and summarise.

It is not imported here: its text is sent to the executor and runs in the jail. The module `tools` exists only there.
"""
# mypy: ignore-errors

import asyncio
import statistics
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from tools import best_customers, carrier_delays, file_refund, orders_of, refund_policy, shipment_of

TODAY = date(2026, 11, 2)
SINCE = date(2026, 8, 1)


@dataclass
class Account:
    """One customer's orders, and what went wrong with them."""

    customer: dict
    policy: dict
    orders: list = field(default_factory=list)
    delays: dict = field(default_factory=dict)
    refunded: Decimal = Decimal(0)

    def refunds_due(self):
        """Yields each order that a refund is due for, with the amount and the reason."""
        for order in self.orders:
            days = self.delays.get(order["id"], 0) - self.policy["grace_days"]
            if days > 0:
                percent = min(days * self.policy["percent_per_day"], self.policy["cap_percent"])
                amount = (order["total"] * percent / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
                yield order["id"], amount, f"{self.delays[order['id']]} days late"


async def main():
    customers = best_customers(since=SINCE, limit=10)
    policies = {tier: refund_policy(tier) for tier in {customer["tier"] for customer in customers}}
    accounts = [Account(customer, policies[customer["tier"]]) for customer in customers]

    # All customers' orders at once, then all their shipments at once.
    found = await asyncio.gather(*[orders_of(account.customer["id"], SINCE) for account in accounts])
    for account, orders in zip(accounts, found, strict=True):
        account.orders = orders
    lookups = [(account, order["id"]) for account in accounts for order in account.orders]
    print(f"{len(lookups)} orders of {len(accounts)} customers since {SINCE}")
    shipments = await asyncio.gather(*[shipment_of(order) for _, order in lookups], return_exceptions=True)

    problems, carriers = Counter(), Counter()
    for (account, order), shipment in zip(lookups, shipments, strict=True):
        if isinstance(shipment, LookupError):
            problems["never shipped"] += 1
        elif isinstance(shipment, ConnectionError):
            problems["carrier does not answer"] += 1
        elif isinstance(shipment, Exception):
            raise shipment
        else:
            late = ((shipment["delivered_on"] or TODAY) - shipment["promised_on"]).days
            if late > 0:
                account.delays[order] = late
                carriers[shipment["carrier"]] += 1
    delays = [days for account in accounts for days in account.delays.values()]
    print(f"{len(delays)} are late, by {statistics.mean(delays):.1f} days on average; no trace of {problems.total()}")

    filed = 0
    for account in accounts:
        for order, amount, reason in account.refunds_due():
            try:
                file_refund(order, amount, reason)
            except ValueError as error:
                problems["refunded before"] += 1
                print(f"  skipped: {error.message}")
                continue
            filed += 1
            account.refunded += amount
        print(f"  {account.customer['name']}: {account.refunded} refunded")

    histories = await asyncio.gather(*[carrier_delays(name) for name in carriers])
    history = dict(zip(carriers, histories, strict=True))
    return {
        "orders": len(lookups),
        "late": len(delays),
        "median_days_late": statistics.median(delays),
        "refunds": filed,
        "refunded": sum(account.refunded for account in accounts),
        "not_refunded": dict(sorted(problems.items())),
        "customers": [
            {
                "name": account.customer["name"],
                "tier": account.customer["tier"],
                "spent": account.customer["spent"],
                "orders": len(account.orders),
                "late": len(account.delays),
                "refunded": account.refunded,
            }
            for account in accounts
        ],
        "carriers": [
            {
                "name": name,
                "late": carriers[name],
                "late_in_percent": round(100 * sum(days > 0 for days in history[name]) / len(history[name]), 1),
                "worst_tenth_from_days": statistics.quantiles(history[name], n=10)[-1],
            }
            for name in sorted(carriers, key=carriers.get, reverse=True)
        ],
    }


result = asyncio.run(main())
