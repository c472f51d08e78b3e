"""No repr shows a secret: what is printed, logged or put into an error stays there for good.

Every record, dataclass and named tuple of the code is made with a marker in each of its fields, and printed.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from pydantic import BaseModel

import circuits
import service
import zkperf

SECRETS: dict[str, str] = {
    "circuits.claims.proofs.Opening": "value blinding",
    "circuits.complaint.Complaint": "salt sealed point",
    "circuits.exposure.schemes.Figures": "values",
    "circuits.exposure.schemes.Foreseen": "true outcome",
    "circuits.rating.core.Bundle": "salts sealed",
    "circuits.rating.prover.Witness": "bits blindings x y",
    "service.lanes.Job": "items source",
    "zkperf.indicators.figures_file.Row": "figures",
    "zkperf.ledger.engines.door.Examined": "bundle",
    "zkperf.ledger.store.block.Block": "bundles",
    "zkperf.ledger.store.block.PendingRating": "core bundle",
    "zkperf.proofs.batch.Equation": "scalars",
    "zkperf.roles.citizen.Request": "voucher secret pseudonym blinding issue",
    "zkperf.roles.citizen.Token": "secret token",
    "zkperf.roles.figure_auditor.Seen": "figures",
    "zkperf.roles.figure_trustee.FigureTrustee": "signing secret",
    "zkperf.roles.provider.Openings": "figures",
    "zkperf.roles.provider.Provider": "key",
    "zkperf.roles.provider.Statement": "holds",
    "zkperf.roles.registrar.Registrar": "key",
    "zkperf.roles.registrar.Voucher": "secret registrar_signature",
    "zkperf.roles.report_book.ReportBook": "secret",
    "zkperf.roles.report_book.ReportPage": "good bad",
    "zkperf.roles.shares.Opened": "plaintext",
    "zkperf.roles.shares.Page": "good bad",
    "zkperf.roles.shares.ShareBook": "secret",
    "zkperf.roles.showing.KeptOpening": "value blinding",
    "zkperf.roles.showing.Shown": "sealed",
    "zkperf.roles.wallet.Entry": "secret requested token outgoing",
    "zkperf.roles.wallet.Outgoing": "core bundle",
    "zkperf.roles.wallet.Requested": "blinding issue",
    "zkperf.roles.wire.Submission": "transaction bundle",
    "zkperf.sharing.Share": "values blinding",
    "zkperf.surveys.devices.Device": "core",
    "zkperf.surveys.responses_file.Response": "answers",
    "zkperf.tokens.blind.Blinding": "factor",
}
"""What holds secrets, and which of its fields are secret."""

TELLING = frozenset(
    [
        "answers",
        "bits",
        "blinding",
        "blindings",
        "bundle",
        "bundles",
        "factor",
        "figures",
        "good",
        "opening",
        "openings",
        "plaintext",
        "salt",
        "salts",
        "scalars",
        "sealed",
        "secret",
        "secrets",
        "shares",
        "value",
        "values",
        "witness",
    ]
)
"""Names that secrets go by: a field of such a name is unshown, or it is told here why it may be seen."""

PUBLIC: dict[str, str] = {
    "circuits.exposure.system.System": "figures: their ranges",
    "circuits.indicators.Target": "value: the scheme's",
    "service.snapshot.Snapshot": "figures: those of the ledger",
    "service.views.IssuanceView": "shares: of blinded tokens, for whoever asks",
    "zkperf.commitments.CommitmentKey": "blinding: the generator H",
    "zkperf.ledger.state.FigureRound": "openings: of sums, and shares show nothing by themselves",
    "zkperf.ledger.state.Round": "openings: likewise",
    "zkperf.ledger.state.Tallied": "openings: likewise",
    "zkperf.ledger.transactions.NodeSum": "values blinding: on the log",
    "zkperf.roles.auditor.Audit": "figures: how many there are",
    "zkperf.surveys.plots.Bar": "value: published",
    "zkperf.surveys.plots.Column": "value: published",
    "zkperf.surveys.results.Comparison": "shares: printed elsewhere",
    "zkperf.tokens.keygen.Deal": "salt sealed: on the log",
    "zkperf.tokens.keys.CohortKeys": "shares: of public keys",
    "zkperf.indicators.run.Rounds": "figures: whose rows show none",
}


@cache
def classes() -> dict[str, type]:
    """Every record, dataclass and named tuple, by where it is."""
    found: dict[str, type] = {}
    for package in (circuits, service, zkperf):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" in module.name or module.name.endswith("__main__"):
                continue
            for item in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(item) and item.__module__ == module.name and list(fields(item)):
                    found[f"{module.name}.{item.__qualname__}"] = item
    return found


def fields(cls: type) -> Iterator[str]:
    if dataclasses.is_dataclass(cls):
        yield from (field.name for field in dataclasses.fields(cls))
    elif issubclass(cls, BaseModel):
        yield from cls.model_fields
    elif issubclass(cls, tuple):
        yield from getattr(cls, "_fields", ())


class Marker:
    """Something that can be found again in a text, whatever printed it."""

    def __init__(self, name: str) -> None:
        self.text = f"marker<{name}>"

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


def example(cls: type) -> tuple[Any, dict[str, Marker]]:
    """An object of the class with a marker in each field."""
    markers = {name: Marker(name) for name in fields(cls)}
    if issubclass(cls, BaseModel):
        return cls.model_construct(**markers), markers  # type: ignore[arg-type]
    if issubclass(cls, tuple):
        return cls(*markers.values()), markers
    made = object.__new__(cls)
    for name, marker in markers.items():
        object.__setattr__(made, name, marker)
    return made, markers


def shown(cls: type, *more: Callable[[Any], str]) -> set[str]:
    """The fields that can be read in the object's repr, by itself or in a list, or in more texts."""
    made, markers = example(cls)
    texts = [write(made) for write in (repr, lambda it: repr([it]), *more)]
    return {name for name, marker in markers.items() if any(marker.text in text for text in texts)}


def test_fields_without_a_secret_are_shown() -> None:
    """So that the test below would see them."""
    assert shown(classes()["zkperf.ledger.promises.Promise"]) >= {"ledger", "round", "digest"}
    assert shown(classes()["zkperf.ledger.state.Accepted"]) >= {"index", "digest"}
    assert shown(classes()["zkperf.roles.wallet.Requested"]) == {"voucher"}
    assert len(classes()) > 150


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_not_shown(name: str) -> None:
    cls, secret = classes()[name], set(SECRETS[name].split())
    assert secret <= set(fields(cls))
    assert not shown(cls, str, "{}".format) & secret


def test_nothing_that_is_named_like_a_secret_is_shown_without_a_reason() -> None:
    told = {name: set(why.split(":")[0].split()) for name, why in PUBLIC.items()}
    suspects = {name: (shown(cls) & TELLING) for name, cls in classes().items()}
    found = {name: seen for name, seen in suspects.items() if seen - told.get(name, set())}
    assert not found
