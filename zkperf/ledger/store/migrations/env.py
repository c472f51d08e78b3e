"""Run by Alembic, on the connection that `zkperf.ledger.store.connection` hands over."""

from __future__ import annotations

from alembic import context

from zkperf.ledger.store.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
