"""Run the migrations on the connection that the ledger hands in."""

from alembic import context

from orchestrator.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
