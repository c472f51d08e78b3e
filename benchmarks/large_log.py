"""A ledger with many ratings, made without serving it: an export that an auditor accepts as any other.

Key generation, issuances, batches, complaints' absence, sums and result are all there and follow the rules;
trustees open every share that they sum. What is not real is that the benchmark knows the cohorts' keys, as
in `known`, and that nobody waited. All processes work on it, so that a million take minutes and not hours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.cohort import FIVE, MEMBERS, MIN_COHORT, THRESHOLD
from benchmarks.known import KnownRound
from zkperf._native import RatingLeaf
from zkperf.cli.output import progress_bars
from zkperf.encoding import Record
from zkperf.ledger.disclosure import disclose, totals
from zkperf.ledger.export import write_export
from zkperf.ledger.log.checkpoint import Checkpoint, Signer
from zkperf.ledger.log.merkle import Tree, leaf_hash
from zkperf.ledger.rules.results import compute_result
from zkperf.ledger.rules.tally import expected_sums
from zkperf.ledger.signing import log_origin, public_bytes, signed, voucher_message
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import (
    Batch,
    Checked,
    Issue,
    NodeSum,
    ResultPosted,
    RoundClosed,
    RoundDrained,
    SumsPosted,
    Unit,
    encode_transaction,
    set_digest,
)
from zkperf.roles.folder import LedgerFolder
from zkperf.roles.shares import ShareBook
from zkperf.sharing import Share, interpolate, lagrange_at_zero, sum_shares
from zkperf.tokens.blind import blind, message_point
from zkperf.tokens.keygen import open_deal_shares
from zkperf.tokens.keys import secret_keys

BATCH = 100
"""Ratings of a batch."""
SIZE_BYTES = 4


@dataclass(frozen=True)
class Offices:
    """A round whose key generation is over, and everybody's signing keys, as 32 bytes."""

    known: KnownRound
    sequencer: bytes = field(repr=False)
    evaluator: bytes = field(repr=False)
    registrar: bytes = field(repr=False)
    members: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def create(cls, cohorts: int, members: int = MEMBERS, threshold: int = THRESHOLD) -> Offices:
        """A ledger with its scheme, its round and the cohorts' keys, as the members generate them."""
        with TemporaryDirectory(prefix="zkperf-benchmark-") as name:
            folder, consortium = LedgerFolder.create(
                Path(name) / "ledger", members=members, threshold=threshold, min_cohort_floor=MIN_COHORT
            )
            try:
                state = consortium.ledger.state
                evaluator = folder.evaluator(state.ledger)
                consortium.submit(evaluator.post_scheme(FIVE.questionnaire))
                [scheme] = state.schemes
                registrar = folder.registrar().key
                units = [Unit(name="all", parent=None, registrar=None)]
                units += [
                    Unit(name=f"service {number}", parent=0, registrar=public_bytes(registrar))
                    for number in range(1, cohorts + 1)
                ]
                consortium.submit(evaluator.open_round(scheme, "benchmark", MIN_COHORT, units))
                [found] = state.rounds.values()
                assert found.phase is Phase.OPEN, found.phase
                stores = [folder.keys(f"member-{j}") for j in range(1, members + 1)]
                sealing = tuple(store.sealing_key(state.commitment_group) for store in stores)
                secrets: dict[int, int] = {}
                for keygen in found.keygens:
                    context, first = keygen.context, range(1, threshold + 1)
                    rows = [
                        secret_keys(
                            context,
                            [
                                open_deal_shares(context, deal, j, sealing[j - 1])
                                for deal in keygen.qualified()
                            ],
                        )
                        for j in first
                    ]
                    # k_c = Σ_j λ_j·k_{j,c}
                    order = state.pairing.g2.order
                    weights = lagrange_at_zero(order, list(first))
                    for place, cohort in enumerate(context.cohorts):
                        shares = [row[place] for row in rows]
                        secrets[cohort] = sum(w * k for w, k in zip(weights, shares, strict=True)) % order
                leaves = tuple(consortium.ledger.leaf(index) for index in range(state.size))
                return cls(
                    known=KnownRound(FIVE, leaves, secrets, sealing),
                    sequencer=folder.keys("sequencer").signing_key().private_bytes_raw(),
                    evaluator=folder.keys("evaluator").signing_key().private_bytes_raw(),
                    registrar=registrar.private_bytes_raw(),
                    members=tuple(store.signing_key().private_bytes_raw() for store in stores),
                )
            finally:
                consortium.close()

    @property
    def ledger(self) -> bytes:
        return self.known.state.ledger

    @property
    def round(self) -> bytes:
        return self.known.found.digest


class Segment(NamedTuple):
    """Some citizens of one cohort: issuances, ratings sorted by pseudonym, and the sums of their shares."""

    unit: int
    issues: Sequence[bytes]
    ratings: Sequence[bytes]
    sums: Mapping[int, Sequence[int]]
    """By trustee: values, then the blinding."""


def write_log(path: Path, ratings: int, cohorts: int) -> bytes:
    """Makes a ledger with so many ratings, exports it to ``path`` and gives its genesis digest."""
    offices = Offices.create(cohorts)
    with TemporaryDirectory(prefix="zkperf-benchmark-", dir=path.parent) as name:
        leaves = Path(name) / "leaves"
        with leaves.open("wb") as file, progress_bars() as progress:
            bar = progress.add_task(f"  a log of {ratings:,} ratings", total=ratings)
            writer = Writer(offices, file)
            for segment in segments(offices, ratings):
                writer.take(segment)
                progress.advance(bar, len(segment.ratings))
            note = writer.finish()
        draft = Path(name) / "export"
        with leaves.open("rb") as source, draft.open("wb") as target:
            write_export(read_leaves(source), note, target)
        draft.replace(path)
    return offices.ledger


class Writer:
    """Writes the leaves in an order that the rules allow, and adds up what the tally needs."""

    def __init__(self, offices: Offices, file: BinaryIO) -> None:
        self._offices, self._file, self._tree = offices, file, Tree()
        self._last: dict[int, Segment] = {}
        self._sums: defaultdict[tuple[int, int], list[Share]] = defaultdict(list)
        self._counted: defaultdict[int, int] = defaultdict(int)
        self._entries: list[bytes] = []
        for leaf in offices.known.leaves:
            self._write(leaf)

    def take(self, segment: Segment) -> None:
        """Issuances at once; a cohort's ratings when there are more of it, the last ones at close."""
        for issue in segment.issues:
            self._write(issue)
        waiting = self._last.get(segment.unit)
        if waiting is not None:
            self._batch(waiting, final=False)
        self._last[segment.unit] = segment
        for trustee, (*values, blinding) in segment.sums.items():
            self._sums[trustee, segment.unit].append(Share(tuple(values), blinding))
        self._counted[segment.unit] += len(segment.ratings)

    def finish(self) -> str:
        """Closes the round, lets the members finish it, and signs the checkpoint."""
        offices, found = self._offices, self._offices.known.found
        evaluator = Ed25519PrivateKey.from_private_bytes(offices.evaluator)
        self._signed(
            RoundClosed,
            offices.evaluator,
            evaluator=public_bytes(evaluator),
            round=offices.round,
            at=found.last_time,
        )
        for segment in self._last.values():
            self._batch(segment, final=True)
        mark = self._tree.size
        self._signed(RoundDrained, offices.sequencer, round=offices.round)
        root, entries = self._tree.root(), set_digest(self._entries)
        for trustee, key in enumerate(offices.members, 1):
            said = {"mark": mark, "root": root, "entries": entries}
            self._signed(Checked, key, round=offices.round, trustee=trustee, **said)
        self._tally()
        origin = log_origin(offices.ledger)
        sequencer = Ed25519PrivateKey.from_private_bytes(offices.sequencer)
        return Signer(origin, sequencer).sign(Checkpoint(origin, self._tree.size, self._tree.root()))

    def _tally(self) -> None:
        offices, known = self._offices, self._offices.known
        group, threshold = known.state.commitment_group, known.state.rules.threshold
        # What the rules will find when they have counted: the result follows from it.
        found = known.found
        found.numbers = totals(found.tree, {unit: self._counted[unit] for unit in found.tree.leaves()})
        found.publication = disclose(found.tree, found.numbers, found.opened.min_cohort)
        found.phase = Phase.SUMMING
        posted: dict[int, dict[int, Share]] = {}
        for trustee in range(1, threshold + 1):
            shares = {
                unit: sum_shares(
                    group.order,
                    [share for leaf in found.tree.below(unit) for share in self._sums[trustee, leaf]],
                )
                for _, unit in expected_sums(found)
            }
            posted[trustee] = shares
            sums = tuple(
                NodeSum(
                    commitment=0,
                    unit=unit,
                    values=tuple(group.encode_scalar(value) for value in share.values),
                    blinding=group.encode_scalar(share.blinding),
                )
                for unit, share in shares.items()
            )
            key = offices.members[trustee - 1]
            # Nobody complained: what is on the log counts.
            fields = {"stage": 0, "counted": set_digest(self._entries), "sums": sums}
            self._signed(SumsPosted, key, round=offices.round, trustee=trustee, **fields)
        for _, unit in expected_sums(found):
            opening = interpolate(group.order, {j: shares[unit] for j, shares in posted.items()})
            found.openings[0, unit] = opening
        units = compute_result(found)
        self._signed(ResultPosted, offices.members[0], round=offices.round, trustee=1, units=units)

    def _batch(self, segment: Segment, *, final: bool) -> None:
        offices = self._offices
        self._signed(
            Batch,
            offices.sequencer,
            round=offices.round,
            unit=segment.unit,
            count=len(segment.ratings),
            final=final,
        )
        for leaf in segment.ratings:
            self._entries.append(sha256(leaf).digest())
            self._write(leaf)

    def _signed(self, kind: type[Record], key: bytes, **fields: object) -> None:
        private = Ed25519PrivateKey.from_private_bytes(key)
        self._write(encode_transaction(signed(kind, private, self._offices.ledger, **fields)))  # type: ignore[type-var]

    def _write(self, leaf: bytes) -> None:
        self._tree.append(leaf_hash(leaf))
        self._file.write(len(leaf).to_bytes(SIZE_BYTES, "big") + leaf)


def read_leaves(file: BinaryIO) -> Iterator[bytes]:
    """What a writer wrote."""
    while size := file.read(SIZE_BYTES):
        yield file.read(int.from_bytes(size, "big"))


# -- in other processes --------------------------------------------------------------------------------


def segments(offices: Offices, ratings: int) -> Iterator[Segment]:
    """So many ratings, in turn of every cohort, made on all cores."""
    units = offices.known.units
    starts = range(0, ratings, BATCH)
    work = [(units[turn % len(units)], min(BATCH, ratings - start)) for turn, start in enumerate(starts)]
    context = get_context("spawn")
    sent = replace(offices, known=offices.known.sent())
    with ProcessPoolExecutor(mp_context=context, initializer=_start, initargs=(sent,)) as pool:
        yield from pool.map(_segment, work)


_offices: Offices


def _start(offices: Offices) -> None:
    global _offices
    _offices = offices


def _segment(work: tuple[int, int]) -> Segment:
    unit, count = work
    known = _offices.known
    state, found = known.state, known.found
    made = sorted((known.rating(unit) for _ in range(count)), key=lambda item: item.core.pseudonym)
    # Not verified: they were made a moment ago.
    received = [(RatingLeaf(item.leaf), item.bundle) for item in made]
    sums = {}
    for trustee in range(1, state.rules.threshold + 1):
        book = ShareBook(trustee, state.commitment_group, known.sealing[trustee - 1])
        book.receive(state, received)
        total = book.total(found, [sha256(item.leaf).digest() for item in made], 0)
        sums[trustee] = [*total.values, total.blinding]
    issues = [_issue(unit, item.core.pseudonym) for item in made]
    # The order of issuances says nothing about that of pseudonyms.
    return Segment(unit, sorted(issues), [item.leaf for item in made], sums)


def _issue(unit: int, pseudonym: bytes) -> bytes:
    """The issuance behind a rating: a voucher of its own, and the blinded point."""
    known = _offices.known
    state = known.state
    voucher = Ed25519PrivateKey.generate()
    name = public_bytes(voucher)
    registrar = Ed25519PrivateKey.from_private_bytes(_offices.registrar)
    point = message_point(state.pairing, state.ledger, known.found.digest, unit, pseudonym)
    _, blinded = blind(state.pairing, point)
    message = voucher_message(state.ledger, known.found.digest, unit, name)
    return encode_transaction(
        signed(
            Issue,
            voucher,
            state.ledger,
            voucher=name,
            round=known.found.digest,
            unit=unit,
            registrar_signature=registrar.sign(message),
            blinded=state.pairing.g1.encode(blinded),
        )
    )
