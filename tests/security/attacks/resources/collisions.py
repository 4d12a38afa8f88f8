"""Fills a dict with keys that have one hash.

tries: turn a linear operation into a quadratic one
layers: rlimits, executor
observed: killed cpu_time | timed_out
runs: once
host: endures
source: hash flooding of CPython's integers, whose hash is not randomised
"""

modulus = (1 << 61) - 1
{number * modulus for number in range(200_000)}
result = "escaped: it came to an end"
