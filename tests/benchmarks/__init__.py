"""Benchmarks: scripts, not tests. They print ratios against a baseline measured in the same run, since machines are noisy."""
