from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from zkperf.ledger.store.models import Base
from zkperf.ledger.store.store import Store


def test_the_migrations_build_the_tables_of_the_models(tmp_path: Path) -> None:
    with Store.create(tmp_path / "ledger") as store, store._reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_every_connection_that_writes_is_durable_and_forgets_well(tmp_path: Path) -> None:
    with Store.create(tmp_path / "ledger") as store, store._reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}


def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    directory = tmp_path / "a %20b?c#d ü"
    Store.create(directory).close()
    with Store.open(directory, read_only=True) as store:
        assert store.size == 0
