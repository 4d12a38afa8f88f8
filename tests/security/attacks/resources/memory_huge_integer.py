"""Raises integers to powers that fill the memory.

tries: spend memory and time within one operation that cannot be interrupted
layers: rlimits, executor
observed: stopped | killed cpu_time | timed_out | killed memory
runs: once
host: endures
"""

try:
    number = 3
    for _ in range(40):
        number **= 3
    result = f"escaped: an integer of {number.bit_length()} bits"
except (MemoryError, OverflowError) as error:
    number = 0
    result = f"stopped: {type(error).__name__}"
