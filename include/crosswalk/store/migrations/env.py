"""Alembic runs this to migrate on the connection handed over in `config.attributes`."""

from __future__ import annotations

from alembic import context

from crosswalk.store.migrate import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE, transactional_ddl=True)
context.run_migrations()
