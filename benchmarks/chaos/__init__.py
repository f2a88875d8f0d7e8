"""The long proofs: a night that is disturbed in every way comes to what an undisturbed one does.

Each module is a command that prints what it did and a verdict, and exits 1 when a claim does not hold.
"""
