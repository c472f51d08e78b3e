"""Bundles under the number of their leaf, and those that wait beside their core: no second key."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CHUNK = 256


def upgrade() -> None:
    connection = op.get_bind()
    bundle, pending = (
        sa.Table(name, sa.MetaData(), autoload_with=connection) for name in ("bundle", "pending")
    )
    kept = op.create_table(
        "kept",
        sa.Column("index", _BIG, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
    )
    waiting = op.create_table(
        "waiting",
        sa.Column("round", sa.LargeBinary(32), primary_key=True),
        sa.Column("unit", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("pseudonym", sa.LargeBinary(), primary_key=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("core", sa.LargeBinary(), nullable=False),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    columns = ["round", "unit", "pseudonym", "sequence", "core"]
    rows = sa.select(*(pending.c[name] for name in columns), bundle.c.data).join(
        bundle, bundle.c.digest == pending.c.digest
    )
    connection.execute(waiting.insert().from_select([*columns, "bundle"], rows))
    for index, digest in _digests(connection):
        row = sa.select(sa.literal(index), bundle.c.data).where(bundle.c.digest == digest)
        connection.execute(kept.insert().from_select(["index", "data"], row))
    op.drop_table("pending")
    op.drop_table("bundle")
    op.rename_table("kept", "bundle")
    op.rename_table("waiting", "pending")


def _digests(connection: sa.Connection) -> Iterator[tuple[int, bytes]]:
    """The number of every leaf, and its digest, a bounded number in memory."""
    leaf: Any = sa.table("leaf", sa.column("index"), sa.column("data"))
    first = 0
    while rows := connection.execute(
        sa.select(leaf).where(leaf.c.index >= first).order_by(leaf.c.index).limit(_CHUNK)
    ).all():
        for index, data in rows:
            yield index, sha256(data).digest()
        first = rows[-1][0] + 1


def downgrade() -> None:
    raise NotImplementedError("a ledger is never taken back to an older schema")
