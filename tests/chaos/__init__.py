"""A fleet that is broken on purpose while programs write to a ledger that shows what was lost or done twice.

`python -m tests.chaos` runs it and prints the table; `test_chaos.py` runs a short one. The parts:

    fleet       three executors, each behind a wire that can be cut and slowed, and Envoy before them
    clients     two processes that run programs; one of them is killed and resumed from its checkpoints
    ledger      a SQLite file: one row for each side effect that really happened
    programs    what the clients run, and how each says which effects it meant to have
    harm        who is killed, stopped, cut and slowed, and when
    tally       what became of each execution, held against the ledger
"""
