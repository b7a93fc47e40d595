"""Autotask, as its contract page has it."""
