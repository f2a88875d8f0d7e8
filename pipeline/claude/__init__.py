"""Replies that the rules are unsure of, read by Claude: in batches, within a budget, paid for once."""
