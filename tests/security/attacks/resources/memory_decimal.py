"""Asks the decimal module for a billion digits.

tries: allocate by a C library that has an allocator of its own
layers: rlimits, executor
observed: stopped | killed cpu_time | timed_out | killed memory
runs: once
host: endures
"""

import decimal

context = decimal.Context(prec=decimal.MAX_PREC, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
try:
    digits = context.divide(decimal.Decimal(1), decimal.Decimal(3))
    result = f"escaped: {len(str(digits))} digits"
except (MemoryError, decimal.DecimalException) as error:
    result = f"stopped: {type(error).__name__}"
