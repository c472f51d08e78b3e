"""A table of facts about the copy, in which nothing was ever kept."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("meta")


def downgrade() -> None:
    raise NotImplementedError("a ledger is never taken back to an older schema")
