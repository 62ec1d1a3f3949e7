"""What happened in a turn and what it cost: spans, receipts, the trace store, the log."""
