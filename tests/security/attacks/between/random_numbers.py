"""Compares what is random in two executions.

tries: foresee another execution's tokens, keys and identifiers
layers: none
observed: stopped
runs: once
host: in_a_row
"""

import os
import random
import secrets
import tempfile
import uuid

drawn = {
    "random": random.random(),
    "own": random.Random().random(),
    "system": random.SystemRandom().random(),
    "urandom": os.urandom(16).hex(),
    "uuid4": str(uuid.uuid4()),
    "secrets": secrets.token_hex(16),
    "name": next(tempfile._get_candidate_names()),
}
if config["turn"] == "first":
    result = drawn
else:
    same = [name for name, value in drawn.items() if config["seen"][name] == value]
    result = f"escaped: {same} are the same" if same else f"stopped: {len(drawn)} sources differ"
