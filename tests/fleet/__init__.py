"""What `deploy/` ships, without a cluster: a real Envoy before real executors, and the chart, rendered by Helm.

Run by `make test-fleet`, in an environment of its own (`.venv-fleet`): its tools are large.
"""
