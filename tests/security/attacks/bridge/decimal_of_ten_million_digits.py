"""Passes a short decimal that is a very long integer.

tries: make the application compute ten million digits, with its interpreter's lock held
layers: executor
observed: stopped
runs: once
host: application
"""

from decimal import Decimal

answers = []
for value in ("1e10000000", "-1e10000000", "1e-10000000"):
    try:
        tools.add(x=Decimal(value))
        answers.append("taken")
    except ValueError as error:
        answers.append(type(error).__name__)
result = f"stopped: {answers}"
