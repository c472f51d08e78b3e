"""A small ledger with a round of figures, for tests of the roles in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from circuits.indicators import IndicatorScheme
from tests.indicators.example import SCHEME
from tests.world import FakeClock, World
from zkperf.errors import ZkperfError
from zkperf.indicators.scheme_file import parse_scheme
from zkperf.ledger.figure_transactions import Auditor, Place
from zkperf.ledger.state import FigureRound
from zkperf.roles.figure_auditor import Inspector
from zkperf.roles.keystore import KeyStore
from zkperf.roles.provider import Provider

QUALITY, TURNOVER, COST, STAFF, OTHER = range(5)


@dataclass
class FigureWorld:
    """Three providers under one root, an auditor and k_min = 2."""

    world: World
    scheme: IndicatorScheme
    providers: list[Provider]
    auditor: Inspector
    found: FigureRound

    @classmethod
    def create(cls, path: Path, providers: int = 3) -> FigureWorld:
        world = World.create(path / "ledger")
        group, evaluator = (
            world.state.commitment_group,
            world.folder.evaluator(world.state.ledger, world.clock),
        )
        scheme = parse_scheme(SCHEME, name="S.toml")
        auditor = Inspector.enrol(KeyStore(path / "auditor"), group)
        made = []
        for number in range(providers):
            store = world.folder.provider_keys(f"P{number}")
            made.append(Provider(store.new_signing_key(), store))
        world.consortium.submit(evaluator.post_figure_scheme(scheme))
        [identifier] = world.state.figure_schemes
        self = cls(world, scheme, made, auditor, None)  # type: ignore[arg-type]
        self.found = self.open(identifier, "2023")
        return self

    def open(self, scheme: bytes, period: str, previous: bytes | None = None) -> FigureRound:
        units = [Place(name="all", parent=None, provider=None)]
        units += [Place(name=f"P{n}", parent=0, provider=p.public) for n, p in enumerate(self.providers)]
        world = self.world
        evaluator = world.folder.evaluator(world.state.ledger, world.clock)
        auditors = [Auditor(name="auditor", key=self.auditor.public)]
        opened = evaluator.open_figures(scheme, period, 2, units, previous=previous, auditors=auditors)
        world.consortium.submit(opened)
        found: FigureRound = world.state.figure_rounds[sha256(opened).digest()]
        return found

    @property
    def clock(self) -> FakeClock:
        return self.world.clock

    def report(self, number: int, figures: Mapping[int, int]) -> bytes:
        """Submits a report; its transaction. Raises the reason if it is refused."""
        data, bundle = self.providers[number].report(self.world.state, self.found, figures)
        self.send(data, bundle.encode())
        return data

    def send(self, data: bytes, bundle: bytes) -> None:
        [verdict] = self.world.consortium.submit_reports([(data, bundle)])
        if isinstance(verdict, ZkperfError):
            raise verdict

    def close(self) -> None:
        self.world.close_round(self.found)  # type: ignore[arg-type]

    def claim(self, number: int) -> None:
        data = self.providers[number].claim(self.world.state, self.found)
        assert data is not None
        self.world.consortium.submit(data)
