"""Mindmatrix, as its contract page has it."""
