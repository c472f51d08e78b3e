from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from tests.ledger.store.filling import append, rating
from zkperf.ledger.store.models import Base
from zkperf.ledger.store.store import Store


def test_the_migrations_build_the_tables_of_the_models(tmp_path: Path) -> None:
    with Store.create(tmp_path / "ledger") as store, store._reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_bundles_of_an_older_database_find_their_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0001 kept every bundle under the digest of its rating's core."""
    logged, waiting = [rating(str(i)) for i in range(300)], [rating("x", unit=2), rating("y", sequence=1)]
    upgrade = command.upgrade
    with monkeypatch.context() as older:
        older.setattr(command, "upgrade", lambda config, _: upgrade(config, "0001"))
        store = Store.create(tmp_path / "ledger")
    append(store, [b"other leaf", *(item.core for item in logged)])
    with store._writing() as held:
        for item in (*logged[:299], *waiting):
            held.exec_driver_sql("INSERT INTO bundle VALUES (?, ?)", (item.digest, item.bundle))
        for item in waiting:
            row = (item.digest, item.round, item.unit, item.pseudonym, item.sequence, item.core)
            held.exec_driver_sql("INSERT INTO pending VALUES (?, ?, ?, ?, ?, ?)", row)
    store.close()
    with Store.open(tmp_path / "ledger") as store:
        assert store.bundles(range(302)) == {place: item.bundle for place, item in enumerate(logged[:299], 1)}
        assert list(store.all_pending()) == sorted(waiting, key=lambda item: item.rater)
        with store._reading() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []


def test_a_page_holds_several_ratings(tmp_path: Path) -> None:
    """Rows that fit badly into pages leave them half empty: here core and bundle take up a tenth more."""
    items = [replace(rating(str(i)), core=bytes(650), bundle=bytes(2100)) for i in range(400)]
    with Store.create(tmp_path / "ledger") as store:
        append(store, [item.core for item in items], bundles={i: item.bundle for i, item in enumerate(items)})
        with store._reading() as connection:
            used = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("page_count", "freelist_count", "page_size")
            ]
    assert (used[0] - used[1]) * used[2] <= 1.3 * 400 * (650 + 2100)


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
