"""Benchmarks: frontdesk beside its peers, measured in interleaved rounds of one run."""
