"""The commands of `winnow`: each parses, calls and prints; the work is done in `pipeline`."""
