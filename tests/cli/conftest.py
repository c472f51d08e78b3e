"""A town: a ledger made by commands, served by a process of its own, with a round open for ratings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.command import QUESTIONNAIRE, done
from tests.service.serving import Service, service


@dataclass
class Town:
    """A ledger's folder, its genesis digest, its only questionnaire's file, and an open round."""

    folder: Path
    genesis: str
    questionnaire: Path
    round: str
    running: Service | None = None

    @property
    def url(self) -> str:
        assert self.running is not None
        return self.running.url

    def voucher(self, unit: str = "Library") -> str:
        """A fresh voucher, written out."""
        arguments = ("--ledger", self.folder, "--round", self.round, "--unit", unit)
        return done("registrar", "voucher", *arguments).line

    def open_round(self, name: str, *services: str, min_cohort: int = 2) -> str:
        units = [part for item in services for part in ("--unit", item)]
        through = () if self.running is None else ("--service", self.url)
        arguments = ("--ledger", self.folder, "--scheme", "visit", "--name", name)
        numbers = ("--min-cohort", str(min_cohort))
        return done("round", "open", *arguments, *numbers, *units, *through).line


def found(folder: Path, min_cohort: int = 2) -> Town:
    """A town that nobody serves."""
    arguments = ("--members", "3", "--threshold", "2", "--min-cohort-floor", "2", "--name", "Springfield")
    genesis = done("init", folder / "ledger", *arguments).line
    questionnaire = folder / "visit.toml"
    questionnaire.write_text(QUESTIONNAIRE, "utf-8")
    done("scheme", "add", questionnaire, "--ledger", folder / "ledger")
    town = Town(folder / "ledger", genesis, questionnaire, "")
    town.round = town.open_round("spring", "Library", "Surgery", min_cohort=min_cohort)
    return town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return found(tmp_path)


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Shared by tests that close only rounds of their own. In its round so many ratings have to wait for
    a batch that none ever enters."""
    town = found(tmp_path_factory.mktemp("served"), min_cohort=1000)
    with service(town.folder) as running:
        town.running = running
        yield town
        assert running.stop() == 0
