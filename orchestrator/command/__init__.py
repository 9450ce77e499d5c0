"""The `erasure` command: the one place that knows both sides, orchestrator and connectors."""
