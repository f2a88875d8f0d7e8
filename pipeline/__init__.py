"""The run itself: configuration, stages, ledger, lock, gate, publish, report."""
