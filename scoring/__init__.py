"""What Python makes of the facts: labels, title groups, scores, statistics, detectors."""
