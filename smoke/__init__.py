"""Checks that need more than the test suite has: a real model on this machine, or a real key."""
