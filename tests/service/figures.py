"""Providers and an auditor far away: each has a folder of its own, and knows of the ledger what the service
shows and they verify."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.indicators.example import SCHEME
from tests.service.serving import Office, digest_of
from zkperf.groups import suite
from zkperf.indicators.scheme_file import parse_scheme
from zkperf.ledger.figure_transactions import Auditor, Place
from zkperf.ledger.state import FigureRound, State
from zkperf.roles.consortium import Consortium
from zkperf.roles.figure_auditor import Inspector
from zkperf.roles.keystore import KeyStore
from zkperf.roles.provider import Provider
from zkperf.roles.remote import RemoteLedger
from zkperf.roles.remote_log import RemoteLog
from zkperf.roles.replica import replicate

QUALITY, TURNOVER, COST, STAFF, OTHER = range(5)
FIGURES = {QUALITY: 200, TURNOVER: 2000, COST: 1000, STAFF: 700, OTHER: 300}


@dataclass
class Homes:
    """Care homes under one root, an auditor, and their round of figures, with k_min = 2."""

    office: Office
    path: Path
    providers: list[Provider]
    inspector: Inspector
    round_id: bytes

    @classmethod
    def open(
        cls, office: Office, remote: RemoteLedger | Consortium, path: Path, count: int = 3, draw: int = 0
    ) -> Homes:
        """``draw``: so many figures have to be shown to the auditor."""
        providers = []
        for number in range(count):
            store = KeyStore(path / f"home-{number}")
            providers.append(Provider(store.new_signing_key(), store))
        inspector = Inspector.enrol(KeyStore(path / "inspector"), suite("ristretto255"))
        evaluator = office.folder.evaluator(office.genesis)
        scheme = parse_scheme(f"draw = {draw}\n{SCHEME}", name="S.toml")
        leaf = remote.submit(evaluator.post_figure_scheme(scheme))
        units = [Place(name="all", parent=None, provider=None)]
        units += [Place(name=f"Home {n}", parent=0, provider=p.public) for n, p in enumerate(providers)]
        opened = evaluator.open_figures(
            digest_of(remote.receipt(leaf)),
            "2023",
            2,
            units,
            auditors=[Auditor(name="Audit Office", key=inspector.public)],
        )
        round_id = digest_of(remote.receipt(remote.submit(opened)))
        return cls(office, path, providers, inspector, round_id)

    def see(self, remote: RemoteLedger) -> tuple[State, FigureRound]:
        """What follows from the log that the service shows."""
        log = RemoteLog(remote, self.path / "log")
        state = replicate(log.public(), self.office.genesis).state
        return state, state.figure_rounds[self.round_id]

    def report(
        self, remote: RemoteLedger, number: int, figures: Mapping[int, int] = FIGURES
    ) -> tuple[bytes, bytes]:
        """A report and its bundle, not sent."""
        data, bundle = self.providers[number].report(*self.see(remote), figures)
        return data, bundle.encode()
