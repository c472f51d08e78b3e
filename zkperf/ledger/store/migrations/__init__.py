"""Alembic migrations of the ledger's database, run whenever it is opened for writing."""
