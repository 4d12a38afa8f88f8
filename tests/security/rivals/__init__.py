"""The attack corpus against other ways to run a model's Python: `python -m tests.security.rivals`.

    __main__  measure ──lines of JSON──► host (in the rival's own environment, warm)
                                          └─fork─► ground (namespaces, control groups, witnesses)
                                                    └─fork─► the rival, as a user of no rights

Every run has a process tree, a network, a root and a user of its own, and ends with them. `verdict` judges what was
seen; `applies` says which programs mean nothing to a rival, and why.
"""
