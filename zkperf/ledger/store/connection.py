"""The database below a store: opening it, its durability, its lock, its schema.

SQLite in WAL mode with synchronous=FULL: a committed transaction survives the process and the machine,
and readers in other processes see only whole ones. secure_delete overwrites what is deleted with zeros.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from zkperf.errors import InputError
from zkperf.files import create_private
from zkperf.ledger.store.errors import LedgerInUse, LockGone, StorageError, StorageFull

DATABASE = "ledger.db"
LOCK = "ledger.lock"

PAGE_BYTES = 16384
"""Of a new database. A page holds whole rows only: of a few kilobytes each, several have to fit."""

PRAGMAS = {"journal_mode": "WAL", "synchronous": "FULL", "secure_delete": "ON", "foreign_keys": "ON"}
"""Settings of every connection that writes."""

BUSY_MILLISECONDS = 5000
"""How long a statement waits for another process."""
_PRIMARY_CODE = 0xFF
"""The lowest byte of an SQLite error code says what failed, the others why."""


def open_engine(path: Path, *, read_only: bool) -> Engine:
    """Connections to an existing database file, with explicit transactions."""

    def connect() -> sqlite3.Connection:
        # No isolation level: the driver then begins nothing by itself, and even DDL is transactional.
        connection = sqlite3.connect(
            _uri(path, read_only=read_only),
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_MILLISECONDS / 1000,
        )
        # Somebody else's database may hold text where bytes belong: it is to be refused by its type, not by
        # the driver, whose complaint would print it.
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        for name, value in () if read_only else PRAGMAS.items():
            connection.execute(f"PRAGMA {name}={value}")
        return connection

    # Parameters stay out of error messages: among them are bundles.
    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _uri(path: Path, *, read_only: bool) -> str:
    if not read_only:
        return f"file:{quote(str(path))}?mode=rw"
    # SQLite reads a WAL database through files beside it. Where they are not there and cannot be made
    # (an archive, a read-only disk) nobody is writing either, so the file can be read as it is.
    if not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists():
        return f"file:{quote(str(path))}?mode=ro&immutable=1"
    return f"file:{quote(str(path))}?mode=ro"


def create_database(path: Path) -> None:
    """An empty database file, for its owner only. InputError if there is one already."""
    try:
        os.close(create_private(path))
    except FileExistsError:
        raise InputError(f"{path}: there is a ledger already") from None
    with closing(sqlite3.connect(path)) as connection:
        # Once something is in it, or it is in WAL mode, the size of its pages stays.
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")


def lock_directory(directory: Path) -> int:
    """Take the right to write to a ledger. Closing the returned descriptor, or exiting, gives it back.

    LedgerInUse if another store has it, in this process or another.
    """
    descriptor = os.open(directory / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LedgerInUse(f"{directory}: another process is writing to this ledger; stop it first") from None
    return descriptor


def check_lock(descriptor: int, directory: Path) -> None:
    """LockGone unless the lock that is held is the one that others would ask for."""
    held, there = os.fstat(descriptor), directory / LOCK
    if not there.exists() or not os.path.samestat(held, there.stat()):
        raise LockGone(f"{there}: the lock is gone, and another process may be writing; start again")


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn errors of the database and the files into StorageError, and a full disk into StorageFull."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
        if code == sqlite3.SQLITE_FULL:
            raise StorageFull(f"{path}: the disk is full") from error
        raise StorageError(f"{path}: {cause}") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(f"{path}: the disk is full") from error
        raise StorageError(f"{path}: {error.strerror}") from error


# -- schema ---------------------------------------------------------------------------------------


def migrate(engine: Engine, path: Path) -> None:
    """Bring the schema up to date, in one transaction.

    InputError if the file is not a database, or one of a newer version of zkperf.
    """
    config = _alembic()
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise InputError(f"{path}: its schema is unknown to this version of zkperf ({error})") from error
    except DBAPIError as error:
        _refuse_other_files(error, path)


def check_schema(engine: Engine, path: Path) -> None:
    """InputError unless the schema is the one this version of zkperf knows."""
    try:
        with engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        _refuse_other_files(error, path)
    expected = ScriptDirectory.from_config(_alembic()).get_current_head()
    if found != expected:
        raise InputError(f"{path}: has schema {found}, expected {expected}: open it for writing to migrate")


def _refuse_other_files(error: DBAPIError, path: Path) -> NoReturn:
    if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
        raise InputError(f"{path}: not a ledger's database") from error
    raise error


def _alembic() -> Config:
    config = Config()
    # The configuration expands percent signs; a path may hold some.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
