"""A ledger's folder: where the log, the keys and the receipts of the embedded mode lie.

DIR/ledger.json       what the ledger is: its genesis digest, to be published widely
DIR/ledger.db         log, waiting ratings, sealed bundles
DIR/keys/…            one folder for each holder; never exported
DIR/keys/sequencer/last-signed  how far the ledger is signed; the same is kept outside of this folder
DIR/keys/providers/…  one folder for each provider: its key, and the openings of what it has reported
DIR/receipts/         what raters were given
DIR/report.html       the readable report
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from zkperf.errors import InputError
from zkperf.files import private_folder, write_private
from zkperf.groups import suite
from zkperf.ledger.engines.embedded import EmbeddedLedger
from zkperf.ledger.rules.genesis import ABANDON_STAGES, MAX_MEMBERS, MIN_COHORT_FLOOR, MIN_STAGE_SECONDS
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.transactions import Genesis
from zkperf.randomness import RandomBytes, system
from zkperf.roles.consortium import Consortium
from zkperf.roles.evaluator import Evaluator
from zkperf.roles.keystore import KeyStore
from zkperf.roles.making import making
from zkperf.roles.registrar import Registrar
from zkperf.roles.trustee import Trustee

DEFAULT_STAGE_SECONDS = 7 * 24 * 3600
DEFAULT_MAX_SEQUENCE = 3


def state_home() -> Path:
    """Where programs keep their state (XDG Base Directory): $XDG_STATE_HOME, or ~/.local/state.

    InputError if there is neither.
    """
    chosen = Path(os.environ.get("XDG_STATE_HOME", ""))
    if chosen.is_absolute():
        return chosen
    try:
        return Path.home() / ".local" / "state"
    except RuntimeError:
        raise InputError(
            "XDG_STATE_HOME: name a folder that stays on this machine; it keeps how far ledgers are signed"
        ) from None


@dataclass(frozen=True)
class LedgerFolder:
    """The folder of one ledger."""

    path: Path

    @property
    def receipts(self) -> Path:
        return self.path / "receipts"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    def keys(self, holder: str) -> KeyStore:
        """The key store of one holder: "sequencer", "evaluator", "registrar" or "member-<j>"."""
        return KeyStore(self.path / "keys" / holder)

    def provider_keys(self, name: str) -> KeyStore:
        """The key store of the provider of this name. Names are anything; folders are digests of them."""
        return KeyStore(self.path / "keys" / "providers" / sha256(name.encode()).hexdigest()[:32])

    def last_signed(self, ledger: bytes) -> list[Path]:
        """The files that keep how far a ledger is signed: beside the sequencer's key, and outside of this
        folder. InputError if there is no place for the latter."""
        return [self._last_signed_here, state_home() / "zkperf" / ledger.hex()]

    @property
    def _last_signed_here(self) -> Path:
        return self.path / "keys" / "sequencer" / "last-signed"

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        suite_name: str = "ristretto255",
        members: int | Sequence[str] = 5,
        threshold: int = 3,
        min_cohort_floor: int = 10,
        name: str = "ledger",
        stage_seconds: int = DEFAULT_STAGE_SECONDS,
        abandon_seconds: int | None = None,
        rehearsal: bool = False,
        clock: Callable[[], float] = time.time,
        source: RandomBytes = system,
    ) -> tuple[LedgerFolder, Consortium]:
        """A new ledger in a new folder, with fresh keys for everybody.

        ``members`` are their names, which the genesis publishes for good, or how many there are: then they
        are "member 1", "member 2", … A closed round may be abandoned after ``abandon_seconds``, four stages
        unless told otherwise. What was begun there and not finished is cleared away. InputError if anything
        else is there, or names and numbers make no consortium.
        """
        names = [f"member {j + 1}" for j in range(members)] if isinstance(members, int) else list(members)
        if not 1 <= len(names) <= MAX_MEMBERS:
            raise InputError(f"members: expected 1 to {MAX_MEMBERS}, got {len(names)}")
        if len(set(names)) < len(names):
            raise InputError("members: two have the same name")
        if not 1 <= threshold <= len(names):
            raise InputError(
                f"threshold: expected 1 to {len(names)} (the number of members), got {threshold}"
            )
        if min_cohort_floor < MIN_COHORT_FLOOR:
            raise InputError(f"smallest cohort: expected at least {MIN_COHORT_FLOOR}, got {min_cohort_floor}")
        if stage_seconds < MIN_STAGE_SECONDS and not rehearsal:
            raise InputError(
                f"a stage lasts at least {MIN_STAGE_SECONDS} seconds, but in a rehearsal; got {stage_seconds}"
            )
        patience = ABANDON_STAGES * stage_seconds
        if abandon_seconds is not None and abandon_seconds < patience:
            raise InputError(
                f"a round may be abandoned after {ABANDON_STAGES} stages, {patience} seconds, at the earliest"
            )
        group = suite(suite_name)
        folder = cls(path)
        with making(path):
            private_folder(path / "keys")
            log_key = folder.keys("sequencer").new_signing_key()
            evaluator = folder.keys("evaluator").new_signing_key()
            folder.keys("registrar").new_signing_key()
            roster = [
                Trustee.enrol(member, folder.keys(f"member-{j}"), group, source)
                for j, member in enumerate(names, start=1)
            ]
            draft = Genesis(
                version=1,
                name=name,
                suite=suite_name,
                members=tuple(roster),
                threshold=threshold,
                log_key=public_bytes(log_key),
                evaluators=(public_bytes(evaluator),),
                min_cohort_floor=min_cohort_floor,
                max_sequence=DEFAULT_MAX_SEQUENCE,
                stage_seconds=stage_seconds,
                abandon_seconds=patience if abandon_seconds is None else abandon_seconds,
                rehearsal=rehearsal,
                nonce=source(32),
            )
            trustees = [
                Trustee(j, folder.keys(f"member-{j}"), group, source) for j in range(1, len(names) + 1)
            ]
            genesis = draft.model_copy(update={"members": tuple(trustee.join(draft) for trustee in trustees)})
            private_folder(folder.receipts)
            # Outside of the folder nothing is kept before it is opened again: what is made and finished in
            # one go leaves nothing behind.
            here = [folder._last_signed_here]
            ledger = EmbeddedLedger.create(path, genesis, log_key, clock, keep_in=lambda _: here)
            folder._describe(ledger)
        return folder, folder._consortium(ledger)

    @classmethod
    def open(
        cls, path: Path, clock: Callable[[], float] = time.time, *, not_before: str | None = None
    ) -> tuple[LedgerFolder, Consortium]:
        """An existing ledger, for writing, with the members whose keys lie here.

        InputError if there is none, if another process serves it, or if fewer than t members are here: then
        no token can be signed and no total opened. OldCopy if the ledger's key has signed more than this, as
        far as this machine knows, or ``not_before`` (a checkpoint) says.
        """
        folder = cls(path)
        folder.describe()
        with ExitStack() as undo:
            ledger = EmbeddedLedger.open(
                path,
                folder.keys("sequencer").signing_key(),
                clock,
                keep_in=folder.last_signed,
                not_before=not_before,
            )
            undo.callback(ledger.close)
            consortium = folder._consortium(ledger)
            consortium.settle()
            undo.pop_all()
        return folder, consortium

    def describe(self) -> dict[str, str]:
        """What ledger.json says. InputError if there is no ledger here."""
        try:
            description = json.loads((self.path / "ledger.json").read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            if not self.path.exists():
                raise InputError(f"{self.path}: there is no such folder; is its name right?") from None
            raise InputError(f"{self.path}: there is no ledger here (no ledger.json)") from None
        except (ValueError, OSError) as error:
            raise InputError(f"{self.path / 'ledger.json'}: not readable ({error})") from None
        if not isinstance(description, dict) or not isinstance(description.get("genesis"), str):
            raise InputError(f"{self.path / 'ledger.json'}: the genesis digest is missing")
        return description

    def evaluator(self, ledger: bytes, clock: Callable[[], float] = time.time) -> Evaluator:
        """The evaluator whose key lies here."""
        return Evaluator(self.keys("evaluator").signing_key(), ledger, clock)

    def registrar(self) -> Registrar:
        """The registrar whose key lies here. InputError if there is no ledger, or not this key."""
        self.describe()
        return Registrar(self.keys("registrar").signing_key())

    def _describe(self, ledger: EmbeddedLedger) -> None:
        rules = ledger.state.rules
        description = {"genesis": ledger.state.ledger.hex(), "name": rules.name, "suite": rules.suite}
        text = json.dumps(description, indent=2) + "\n"
        write_private(self.path / "ledger.json", text.encode("utf-8"))

    def _consortium(self, ledger: EmbeddedLedger) -> Consortium:
        state, trustees, absent = ledger.state, [], {}
        for j in range(1, state.members + 1):
            try:
                trustee = Trustee(j, self.keys(f"member-{j}"), state.commitment_group)
                trustee.check_named(state.rules)
                trustees.append(trustee)
            except InputError as error:
                absent[j] = str(error)
        if len(trustees) < state.rules.threshold:
            raise InputError(
                f"{self.path}: {state.rules.threshold} of the {state.members} members are needed and "
                f"{len(trustees)} {'is' if len(trustees) == 1 else 'are'} here; {'; '.join(absent.values())}"
            )
        return Consortium(ledger, trustees, absent)
