"""A served ledger with an open round, shared by the tests that cannot harm it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.service.figures import Homes
from tests.service.serving import Office, Service, service
from zkperf.ledger.transactions import encode_transaction
from zkperf.roles.citizen import Citizen, Token
from zkperf.roles.remote import RemoteLedger


@dataclass
class Desk:
    """A running service, its office, and a round that is open for ratings of services 1 and 2."""

    running: Service
    office: Office
    remote: RemoteLedger
    round_id: bytes

    @property
    def url(self) -> str:
        return self.running.url

    def citizen(self, unit: int = 1) -> tuple[Citizen, Token]:
        return self.office.citizen(self.remote, self.round_id, unit)

    def rating(self, unit: int = 1) -> tuple[bytes, bytes]:
        """A fresh citizen's rating and its bundle, not sent."""
        citizen, token = self.citizen(unit)
        core, bundle = citizen.rate(token, {"recommend": "good"})
        return encode_transaction(core), bundle.encode()


@pytest.fixture(scope="package")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    office = Office.create(tmp_path_factory.mktemp("served") / "ledger")
    # All tests come from one address, and some of them with much at once.
    with service(office.folder.path, ZKPERF_WRITE_RATE="") as running, running.remote() as remote:
        yield Desk(running, office, remote, office.open_round(remote, ("A", "B")))
        assert running.stop() == 0


@pytest.fixture(scope="package")
def homes(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """A round of figures on the same ledger that stays open."""
    return Homes.open(desk.office, desk.remote, tmp_path_factory.mktemp("homes"))
