"""The tables of a ledger's database.

`leaf`, `node` and `checkpoint` only ever grow: they are the log, all of it public. `pending` and `bundle`
are emptied as soon as the protocol allows, and never leave the database for the log or an export.
No table says when somebody rated: what waits has no row numbers, SQLite keeps it sorted by pseudonym, and
a bundle's number is that of its leaf. So the log and its bundles fill their pages one after the other.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

BIG = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits everywhere. SQLite's INTEGER has them, and only under that name is a key the row number itself."""


class Base(DeclarativeBase):
    """The schema. The migrations build it; a test compares the two."""


class Leaf(Base):
    """Leaf ``index`` of the tree: the bytes of a transaction."""

    __tablename__ = "leaf"
    index: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Node(Base):
    """The hash of a complete subtree (see `zkperf.ledger.log.merkle`); level 0 are the leaf hashes."""

    __tablename__ = "node"
    __table_args__ = ({"sqlite_with_rowid": False},)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class CheckpointNote(Base):
    """The signed checkpoint of the tree with ``size`` leaves."""

    __tablename__ = "checkpoint"
    size: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(Text)


class Bundle(Base):
    """Salts and sealed shares of the rating that is leaf ``index``, until they must be deleted."""

    __tablename__ = "bundle"
    index: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Pending(Base):
    """A rating that is durable but not yet in the log, with its bundle: at most one per pseudonym."""

    __tablename__ = "pending"
    __table_args__ = ({"sqlite_with_rowid": False},)
    round: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    unit: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    pseudonym: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    core: Mapped[bytes] = mapped_column(LargeBinary)
    bundle: Mapped[bytes] = mapped_column(LargeBinary)
