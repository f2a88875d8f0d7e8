"""Measurements: each module prints how long something takes, or how often a statistic errs."""
