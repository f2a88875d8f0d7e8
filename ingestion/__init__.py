"""Loaders: what providers and files know, landed once and typed in the raw schemas."""
