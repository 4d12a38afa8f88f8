"""Endurance: what an executor holds after many executions, good and hostile, beside what it held before."""
