"""Alembic's home for the store. Run by crosswalk.store.migrate, never by the alembic command."""
