"""Revisions of the store, oldest first. A released revision is never changed."""
