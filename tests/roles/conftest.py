from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.roles.eventful import Story, tell


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The eventful ledger. Tests read it and forge copies of its leaves; nobody writes to it."""
    told = tell(tmp_path_factory.mktemp("story") / "ledger")
    yield told
    told.world.consortium.close()
