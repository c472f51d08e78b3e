"""The statements that run for every rating and every receipt.

SQLAlchemy writes their text, once; values then go straight to the driver. To put a statement together, or to
look at every value on its way, takes several times as long as to run it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Insert, bindparam, delete, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.expression import Executable

from zkperf.ledger.store.models import Base, Bundle, CheckpointNote, Leaf, Node, Pending

_DIALECT = sqlite.dialect()

Values = Mapping[str, Any]
"""Of the parameters, by name."""


class Statement:
    """One statement, whose parameters are the `bindparam`s in it or, of an INSERT, the columns."""

    def __init__(self, statement: Executable) -> None:
        compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
        self._text = str(compiled)
        self._names: tuple[str, ...] = tuple(compiled.positiontup)

    def run(self, connection: Connection, rows: Iterable[Values]) -> int:
        """Runs it for each of ``rows``; how many rows of the table it touched."""
        ordered = [self._ordered(values) for values in rows]
        if not ordered:
            return 0
        cursor = connection.connection.cursor()
        cursor.executemany(self._text, ordered)
        return cursor.rowcount

    def first(self, connection: Connection, **values: Any) -> Any:
        """The first column of the first row that it gives, None if there is none."""
        return next(self.firsts(connection, [values]))

    def firsts(self, connection: Connection, rows: Iterable[Values]) -> Iterator[Any]:
        """The same for each of ``rows``."""
        cursor = connection.connection.cursor()
        for values in rows:
            cursor.execute(self._text, self._ordered(values))
            found = cursor.fetchall()
            yield found[0][0] if found else None

    def rows(self, connection: Connection, **values: Any) -> Iterator[Any]:
        """The rows that it gives, one after the other as they are read."""
        cursor = connection.connection.cursor()
        try:
            yield from cursor.execute(self._text, self._ordered(values))
        finally:
            cursor.close()

    def _ordered(self, values: Values) -> Sequence[Any]:
        return [values[name] for name in self._names]


class Insertion(Statement):
    """An INSERT that takes many rows at once: the driver hands the interpreter's lock to other threads, and
    has to get it back, with every statement."""

    _TOGETHER = (256, 64, 16, 4, 1)
    """So many rows in one statement. Few different ones, so that the driver keeps them ready."""

    def __init__(self, statement: Insert) -> None:
        super().__init__(statement)
        head, row = self._text.split(" VALUES ")
        self._texts = {count: f"{head} VALUES {', '.join([row] * count)}" for count in self._TOGETHER}

    def run(self, connection: Connection, rows: Iterable[Values]) -> int:
        ordered = [self._ordered(values) for values in rows]
        cursor, start, touched = connection.connection.cursor(), 0, 0
        for count, text in self._texts.items():
            while len(ordered) - start >= count:
                cursor.execute(text, list(chain.from_iterable(ordered[start : start + count])))
                start, touched = start + count, touched + cursor.rowcount
        return touched


def _insert(table: type[Base]) -> Insertion:
    return Insertion(insert(table))


_OF_RATER = (
    Pending.round == bindparam("of_round"),
    Pending.unit == bindparam("of_unit"),
    Pending.pseudonym == bindparam("of_pseudonym"),
)

LAST_LEAF = Statement(select(func.max(Leaf.index)))
LEAF = Statement(select(Leaf.data).where(Leaf.index == bindparam("wanted")))
_BETWEEN = Leaf.index.between(bindparam("first"), bindparam("last"))
LEAVES = Statement(select(Leaf.index, Leaf.data).where(_BETWEEN).order_by(Leaf.index))
LEAF_BYTES = Statement(select(func.sum(func.length(Leaf.data))).where(_BETWEEN))
NODE = Statement(
    select(Node.hash).where(Node.level == bindparam("of_level"), Node.index == bindparam("wanted"))
)
ADD_LEAF, ADD_NODE, ADD_BUNDLE, ADD_NOTE = map(_insert, (Leaf, Node, Bundle, CheckpointNote))
DROP_NOTE = Statement(delete(CheckpointNote).where(CheckpointNote.size == bindparam("of_size")))
DROP_BUNDLE = Statement(delete(Bundle).where(Bundle.index == bindparam("leaf")))
WAIT = Insertion(insert(Pending).prefix_with("OR IGNORE", dialect="sqlite"))
WAITING_CORE = Statement(select(Pending.core).where(*_OF_RATER))
WAITING_BUNDLE = Statement(select(Pending.bundle).where(*_OF_RATER))
OVERTAKE = Statement(delete(Pending).where(*_OF_RATER, Pending.sequence < bindparam("least")))
LEAVE = Statement(delete(Pending).where(*_OF_RATER))
