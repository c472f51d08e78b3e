"""The embedded engine: one sequencer, one folder, the same rules as everywhere.

A rating is durable when `take` returns, and enters the log with its cohort's next batch; everything else
enters at once, as a block of its own. Every block is applied to the state first and then written in one
durable transaction together with its signed checkpoint and what is taken in to wait; if that write fails,
the state is built again from what is stored, so memory never runs ahead of the disk.
"""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import SystemRandom
from types import MappingProxyType
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.complaint import FalseComplaint
from zkperf._native import RatingLeaf
from zkperf.errors import InputError, ZkperfError, bare
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.engines.clock import require_now
from zkperf.ledger.engines.door import Examined, examine, let_in
from zkperf.ledger.engines.last_signed import Kept, require_contained
from zkperf.ledger.engines.pool import Pool, Waiting
from zkperf.ledger.engines.posting import Posting, look_at, require_awaited
from zkperf.ledger.export import export_pieces, write_export
from zkperf.ledger.figure_transactions import FiguresOpened, ReportPosted
from zkperf.ledger.log.checkpoint import Checkpoint, Policy, Signer
from zkperf.ledger.log.keys import SignatureType, VerifierKey
from zkperf.ledger.log.merkle import Tree, leaf_hash
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.log.tiles import FRAME_BYTES, Tile, framed, hash_tile
from zkperf.ledger.promises import Promise, draft, signed_promises
from zkperf.ledger.rules import apply
from zkperf.ledger.rules.prepared import Decoded, Prepared, everything
from zkperf.ledger.signing import log_origin, public_bytes, signed
from zkperf.ledger.state import OVER, Accepted, Filed, Phase, Round, State
from zkperf.ledger.store.block import Block, PendingRating, Rater
from zkperf.ledger.store.errors import StorageError
from zkperf.ledger.store.store import Store
from zkperf.ledger.transactions import (
    Batch,
    BundlesLost,
    ComplaintPosted,
    ComplaintRefused,
    Deadline,
    Genesis,
    RoundAbandoned,
    RoundClosed,
    RoundDrained,
    RoundOpened,
    encode_transaction,
    signed_digest,
)

TIMED = (RoundOpened, FiguresOpened, RoundClosed, Deadline, RoundAbandoned)
"""Transactions that carry a time."""
ENDED = (*OVER, Phase.ABANDONED)
"""Phases in which nothing sealed is needed any more."""
REPLAY_CHUNK = 1000

Clock = Callable[[], float]
"""Unix time in seconds."""


def nowhere(ledger: bytes) -> Sequence[Path]:
    """For a ledger of which nothing is kept elsewhere: an old copy of it is not noticed."""
    return ()


class EmbeddedLedger:
    """The ledger in this process. All methods may be called from any thread."""

    def __init__(self, store: Store, log_key: Ed25519PrivateKey, clock: Clock = time.time) -> None:
        self._store = store
        self._key = log_key
        self._clock = clock
        self._lock = threading.RLock()
        self._random = SystemRandom()
        self._kept: Kept | None = None
        """How far the ledger is signed; None until that is known."""
        self._reload()

    @classmethod
    def create(
        cls,
        directory: Path,
        genesis: Genesis,
        log_key: Ed25519PrivateKey,
        clock: Clock = time.time,
        *,
        keep_in: Callable[[bytes], Sequence[Path]] = nowhere,
    ) -> EmbeddedLedger:
        """A new ledger in ``directory``, its genesis as leaf 0. Errors as in `open`, and the rules'."""
        with ExitStack() as undo:
            ledger = cls(undo.enter_context(Store.create(directory)), log_key, clock)
            ledger.submit(encode_transaction(genesis))
            policy = ledger._check_key()
            ledger._kept = Kept(keep_in(ledger._state.ledger), policy, ledger._store)
            undo.pop_all()
        return ledger

    @classmethod
    def open(
        cls,
        directory: Path,
        log_key: Ed25519PrivateKey,
        clock: Clock = time.time,
        *,
        keep_in: Callable[[bytes], Sequence[Path]] = nowhere,
        not_before: str | None = None,
    ) -> EmbeddedLedger:
        """The ledger in ``directory``, as it was after the last acknowledged write.

        ``keep_in`` gives the files that keep how far a ledger is signed (`LastSigned`), by its digest;
        ``not_before`` is a checkpoint of it that somebody has. Raises the store's errors, InputError if
        ``log_key`` is another ledger's, InvalidLogProof if the last checkpoint, or that one, does not carry
        its signature, and OldCopy if the log does not contain all of these.
        """
        with ExitStack() as undo:
            ledger = cls(undo.enter_context(Store.open(directory)), log_key, clock)
            policy = ledger._check_key()
            if not_before is not None:
                require_contained(ledger._store, policy.verify(not_before), "the one given")
            ledger._kept = Kept(keep_in(ledger._state.ledger), policy, ledger._store)
            ledger._finish_draining()
            undo.pop_all()
        return ledger

    def _finish_draining(self) -> None:
        """Rounds whose closing is on the log without their mark: what waits in them enters now."""
        with self._writing():
            block = self._block = Block(self._state.size)
            self._drain(block)
            self._store_block(block)

    def _check_key(self) -> Policy:
        """The policy that takes this ledger's own checkpoints. What is stored is believed only because this
        key has signed it."""
        genesis, own = self._state.genesis, public_bytes(self._key)
        if genesis is None or genesis.log_key != own:
            raise InputError("the sequencer's key is not this ledger's")
        origin = log_origin(self._state.ledger)
        policy = Policy(origin, VerifierKey(origin, SignatureType.ED25519, own))
        policy.verify(self._store.checkpoint())
        return policy

    def rest(self) -> None:
        """To be called when there is nothing to write for a while (`Store.rest`)."""
        self._store.rest()

    def probe(self) -> None:
        """Raises what refuses every write (`Store.probe`)."""
        with self._lock:
            self._store.probe()

    def close(self) -> None:
        """Releases the folder."""
        self._store.close()
        if self._kept is not None:
            self._kept.close()

    # -- reading ---------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        return self._state

    def leaf(self, index: int) -> bytes:
        """The bytes of one leaf."""
        return self._store.leaf(index)

    def leaves(self, start: int, stop: int) -> Iterator[bytes]:
        """The leaves ``start`` to ``stop`` - 1, in order. IndexError if the log has not got so many."""
        return self._store.leaves(start, stop)

    def checkpoint(self) -> str:
        """The latest signed checkpoint (C2SP tlog-checkpoint)."""
        return self._store.checkpoint() if self._kept is None else self._kept.note

    def receipt(self, index: int) -> str:
        """Proof that leaf ``index`` is on the log, under the latest checkpoint (C2SP tlog-proof)."""
        with self._lock:
            note = self.checkpoint()
            return Receipt.issue(self._store.leaf(index), index, note, self._store.nodes).format()

    def tile(self, path: str) -> bytes:
        """The tile or the bundle of entries with this path (C2SP tlog-tiles).

        EncodingError if it is no tile's path, IndexError if the log has no such tile (yet).
        """
        return b"".join(self.tile_pieces(path)[1])

    def tile_pieces(self, path: str) -> tuple[int, Iterator[bytes]]:
        """The same, as so many bytes that come in pieces, few of them in memory at a time."""
        tile = Tile.parse(path)
        size = Checkpoint.unverified(self.checkpoint()).size
        if tile.level is not None:
            hashes = hash_tile(tile, size, self._store.nodes)
            return len(hashes), iter([hashes])
        span = tile.span(size)
        length = self._store.leaf_bytes(span.start, span.stop) + FRAME_BYTES * len(span)
        return length, map(framed, self._store.leaves(span.start, span.stop))

    def export(self, file: BinaryIO) -> int:
        """Writes the whole public log into one file (`zkperf.ledger.export`); the number of its leaves."""
        note = self.checkpoint()
        size = Checkpoint.unverified(note).size
        write_export(self._store.leaves(0, size), note, file)
        return size

    def export_pieces(self) -> Iterator[bytes]:
        """The same file in pieces. What the log grows by meanwhile is not in it: leaves never change."""
        note = self.checkpoint()
        return export_pieces(self._store.leaves(0, Checkpoint.unverified(note).size), note)

    def bundles(self, digests: Sequence[bytes]) -> dict[bytes, bytes]:
        """The bundles, by the digest of their rating or report, of those that still have one."""
        with self._lock:
            wanted = set(digests)
            entered = {taken.index: taken.digest for taken in self._taken() if taken.digest in wanted}
            raters = {digest: self._pool.rater_of(digest) for digest in wanted}
        found = {entered[leaf]: bundle for leaf, bundle in self._store.bundles(list(entered)).items()}
        for digest, rater in raters.items():
            bundle = None if rater is None else self._store.pending_bundle(rater)
            if bundle is not None:
                found[digest] = bundle
        return found

    def _taken(self) -> Iterator[Accepted | Filed]:
        """Every rating and every report on the log that was not replaced."""
        for found in self._state.all_rounds.values():
            yield from found.taken()

    def waiting(self, round_id: bytes, unit: int) -> int:
        """How many ratings of a cohort wait for a batch."""
        with self._lock:
            return len(self._pool.of(round_id, unit))

    def waiting_pseudonyms(self, round_id: bytes, unit: int) -> list[bytes]:
        """Whose ratings of a cohort wait for a batch."""
        with self._lock:
            return [item.pseudonym for item in self._pool.of(round_id, unit)]

    # -- writing ---------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time, on a state that is what is stored: built again if it is not any more."""
        with self._lock:
            if self._state.size != self._store.size:
                self._reload()
            try:
                yield
            except Exception:
                if self._state.size != self._store.size:
                    self._reload()
                raise

    def submit(self, data: bytes) -> int:
        """Applies one transaction other than a rating and returns the index of its leaf, once durable.

        Raises the rule's error if it is refused. A false complaint is refused too, and leaves a
        `ComplaintRefused` on the log.
        """
        [verdict] = self.submit_all([data])
        if isinstance(verdict, ZkperfError):
            raise verdict
        return verdict

    def submit_all(self, items: Sequence[bytes]) -> list[int | ZkperfError]:
        """`submit` for many, one after the other, all stored in one durable write."""
        return self.post(self.look_at([(data, None) for data in items]))

    def submit_reports(self, items: Sequence[tuple[bytes, bytes]]) -> list[int | ZkperfError]:
        """Takes (report, bundle) pairs: for each its leaf's index, once all are durable, or its error."""
        return self.post(self.look_at(items))

    def look_at(self, items: Sequence[tuple[bytes, bytes | None]]) -> list[Posting]:
        """Finds out what can be said about transactions other than ratings, for `post`: nearly all of the
        work. A report comes with its bundle, anything else without one.

        Changes nothing and waits for nobody: it may go on in one thread while another one writes.
        """
        return look_at(self._state, items)

    def post(self, postings: Sequence[Posting]) -> list[int | ZkperfError]:
        """Applies what was looked at, one after the other: for each its leaf's index, once all are durable,
        or its error."""
        with self._writing():
            block = self._block = Block(self._state.size)
            verdicts = [self._take(posting, block) for posting in postings]
            self._store_block(block)
            return verdicts

    def submit_ratings(self, items: Sequence[tuple[bytes, bytes]]) -> list[Promise | ZkperfError]:
        """Takes (rating, bundle) pairs: for each a promise, once all of them are durable, or its error."""
        return self.take(self.examine(items))

    def examine(self, items: Sequence[tuple[bytes, bytes]]) -> list[Examined]:
        """Finds out what is right and wrong with each (rating, bundle), for `take`: nearly all of the work.

        Changes nothing and waits for nobody: it may go on in one thread while another one writes.
        """
        return examine(self._state, self._pool, items)

    def take(self, items: Sequence[Examined]) -> list[Promise | ZkperfError]:
        """Takes in what was examined: for each a promise, once all of them are durable, or its error."""
        with self._writing():
            verdicts = let_in(self._state, self._pool, items)
            arrived = {
                verdict: item.bundle
                for verdict, item in zip(verdicts, items, strict=True)
                if isinstance(verdict, Waiting)
            }
            self._keep(arrived)
            promises = iter(signed_promises(self._key, [self._draft(item) for item in arrived]))
            return [next(promises) if isinstance(verdict, Waiting) else verdict for verdict in verdicts]

    def _keep(self, arrived: Mapping[Waiting, bytes]) -> None:
        """Makes ratings and their bundles durable, and lets batches enter that are due with them."""
        block = self._block = Block(self._state.size)
        by_cohort: dict[tuple[bytes, int], list[Waiting]] = {}
        for item in arrived:
            by_cohort.setdefault((item.round, item.unit), []).append(item)
        at_once: set[Rater] = set()
        for (round_id, unit), items in sorted(by_cohort.items()):
            found = self._state.rounds[round_id]
            if entering := self._choose(found, unit, items):
                at_once |= self._admit(found, unit, entering, block, final=False, arrived=arrived)
        self._store_block(block, {item: arrived[item] for item in arrived if item.rater not in at_once})

    def _check_time(self, transaction: object) -> None:
        if isinstance(transaction, TIMED):
            # A time in the past would end a stage before the members had theirs.
            require_now(transaction.at, self._clock(), "rounds")

    def _draft(self, item: Waiting) -> Promise:
        return draft(
            ledger=self._state.ledger,
            round_id=item.round,
            unit=item.unit,
            pseudonym=item.pseudonym,
            sequence=item.sequence,
            digest=item.digest,
        )

    # -- batches ---------------------------------------------------------------------------------

    def _choose(self, found: Round, unit: int, arrived: Sequence[Waiting]) -> list[Waiting]:
        """When 2·k_min new pseudonyms wait, all but k_min of them, chosen at random (section 6)."""
        k_min, cohort = found.opened.min_cohort, found.cohort(unit)
        waiting = (*self._pool.of(found.digest, unit), *arrived)
        fresh = {item.pseudonym: item for item in waiting if item.pseudonym not in cohort.ratings}
        if len(fresh) < 2 * k_min:
            return []
        return self._random.sample(list(fresh.values()), len(fresh) - k_min)

    def _admit(
        self,
        found: Round,
        unit: int,
        entering: Sequence[Waiting],
        block: Block,
        *,
        final: bool,
        arrived: Mapping[Waiting, bytes] = MappingProxyType({}),
    ) -> set[Rater]:
        """Applies a batch and adds it to the block. Gives those raters whose rating, and no earlier one,
        has arrived just now: it does not wait before it enters."""
        header = signed(
            Batch,
            self._key,
            self._state.ledger,
            round=found.digest,
            unit=unit,
            count=len(entering),
            final=final,
        )
        ratings = sorted(entering, key=lambda item: item.pseudonym)
        logged, at_once = found.cohort(unit).ratings, set()
        for index, item in enumerate(ratings, self._state.size + 1):
            if item in arrived and self._pool.get(*item.rater) is None:
                block.bundles[index] = arrived[item]
                at_once.add(item.rater)
            else:
                block.entered[index] = item.rater
            if item.pseudonym in logged:
                block.needless.append(logged[item.pseudonym].index)
        known = {place: item.committed for place, item in enumerate(ratings, 1) if item.committed is not None}
        items: list[Decoded] = [header, *(item.leaf for item in ratings)]
        leaves = [encode_transaction(header), *(item.core for item in ratings)]
        self._apply(leaves, block, Prepared(items, self._state.size, everything, known))
        return at_once

    # -- the log ---------------------------------------------------------------------------------

    def _take(self, posting: Posting, block: Block) -> int | ZkperfError:
        """Applies one transaction to the state and adds its leaves to the block, or says why not."""
        index, transaction = self._state.size, posting.transaction
        if posting.error is not None:
            return posting.error
        replaced = self._replaced(transaction)
        try:
            self._check_time(transaction)
            require_awaited(self._state, transaction)
            self._apply([posting.data], block, posting.prepared(self._state, index))
        except FalseComplaint as error:
            self._apply([self._refused(transaction)], block)
            return bare(error)
        except ZkperfError as error:
            return bare(error)
        if posting.bundle is not None:
            block.bundles[index] = posting.bundle
        if replaced is not None:
            # A report may be corrected in the very block that it came with.
            block.needless.append(replaced)
            block.bundles.pop(replaced, None)
        if isinstance(transaction, ComplaintPosted):
            block.needless.append(self._struck(transaction))
        if isinstance(transaction, BundlesLost):
            block.needless += self._fallen(transaction)
        if isinstance(transaction, RoundClosed):
            self._drain(block)
        return index

    def _replaced(self, transaction: object) -> int | None:
        """The leaf of the report that this one corrects."""
        if not isinstance(transaction, ReportPosted):
            return None
        found = self._state.figure_rounds.get(transaction.round)
        before = None if found is None else found.reports.get(transaction.unit)
        return None if before is None else before.index

    def _drain(self, block: Block) -> None:
        """Lets enter what waits in rounds that are closed, and says that all of it has.

        Not refusable: what waits was let in because it is admissible now.
        """
        state = self._state
        for found in state.all_rounds.values():
            if found.phase is not Phase.DRAINING:
                continue
            if isinstance(found, Round):
                for unit in found.tree.leaves():
                    if entering := self._pool.of(found.digest, unit):
                        self._admit(found, unit, entering, block, final=True)
            drained = signed(RoundDrained, self._key, state.ledger, round=found.digest)
            self._apply([encode_transaction(drained)], block)

    def _fallen(self, posted: BundlesLost) -> list[int]:
        """The leaves of the entries that have fallen out, now that this member has no bundle of theirs."""
        found = self._state.rounds.get(posted.round) or self._state.figure_rounds[posted.round]
        entries = [found.entries[digest][1] for digest in posted.entries]
        return [entry.index for entry in entries if entry.struck]

    def _struck(self, posted: ComplaintPosted) -> int:
        """The leaf of the rating or the report that a true complaint was about."""
        accused = posted.complaint.rating
        return next(taken.index for taken in self._taken() if taken.digest == accused)

    def _apply(self, leaves: Sequence[bytes], block: Block, prepared: Prepared | None = None) -> None:
        """Applies leaves to the state and adds them to the block. If that ends a round, its bundles go, and
        what still waited for it."""
        state = self._state
        running = [found for found in state.all_rounds.values() if found.phase not in ENDED]
        apply(state, leaves if prepared is None else prepared)
        for found in running:
            if found.phase in ENDED:
                block.needless += [taken.index for taken in found.taken()]
                block.gone += [
                    item.rater for leaf in found.tree.leaves() for item in self._pool.of(found.digest, leaf)
                ]
        block.leaves += leaves

    def _store_block(self, block: Block, arrived: Mapping[Waiting, bytes] = MappingProxyType({})) -> None:
        """One durable transaction: leaves, checkpoint, who waits, and what is kept no longer. Then the
        checkpoint is kept beside the ledger too, before anything of this is shown to anybody."""
        pending = [
            PendingRating(item.round, item.unit, item.pseudonym, item.sequence, item.core, bundle)
            for item, bundle in arrived.items()
        ]
        note = self._sign(block.leaves) if block.leaves else None
        if note is not None:
            self._store.append(block, note=note, waiting=pending)
        elif pending:
            self._store.add_pending(pending)
        for item in arrived:
            self._pool.put(item)
        for rater in (*block.entered.values(), *block.gone):
            self._pool.drop(rater)
        if note is not None and self._kept is not None:
            self._kept.keep(note)

    def _sign(self, leaves: Sequence[bytes]) -> str:
        """The checkpoint of the log with ``leaves`` added."""
        origin, tree = log_origin(self._state.ledger), self._store.tree()
        tree.extend(leaf_hash(leaf) for leaf in leaves)
        return Signer(origin, self._key).sign(Checkpoint(origin, tree.size, tree.root()))

    def _refused(self, posted: ComplaintPosted) -> bytes:
        refused = ComplaintRefused(
            signature=posted.signature,
            round=posted.complaint.round,
            trustee=posted.complaint.trustee,
            digest=signed_digest(posted),
        )
        return encode_transaction(refused)

    def _leaf_to_be(self, index: int) -> bytes:
        """A leaf as the rules see it: stored, or of the block that is being built."""
        block = self._block
        return self._store.leaf(index) if index < block.start else block.leaves[index - block.start]

    def _root_to_be(self, size: int) -> bytes:
        """The root of the tree of so many leaves, stored or of the block that is being built."""
        stored = min(size, self._block.start)
        tree = Tree.from_nodes(stored, self._store.nodes)
        tree.extend(leaf_hash(self._leaf_to_be(index)) for index in range(stored, size))
        return tree.root()

    def _reload(self) -> None:
        """Builds state and pool from what is stored."""
        self._state = stored_state(self._store)
        self._state.leaf = self._leaf_to_be
        self._state.root = self._root_to_be
        self._block = Block(self._state.size)
        self._pool = Pool()
        for item in self._store.all_pending():
            self._pool.put(Waiting.of(RatingLeaf(item.core), None))


def stored_state(store: Store) -> State:
    """The state that the stored leaves give. They are believed: whoever stored them had verified them.

    StorageError, naming the leaf, if one cannot be what was stored.
    """

    def damaged(index: int, error: ZkperfError) -> None:
        where = store.directory
        raise StorageError(
            f"{where}: leaf {index} is damaged ({error}); zkperf audit {shlex.quote(str(where))} names all"
        ) from error

    def root(size: int) -> bytes:
        return Tree.from_nodes(size, store.nodes).root()

    state, size = State(leaf=store.leaf, root=root, pairing=BLS12381), store.size
    for start in range(0, size, REPLAY_CHUNK):
        leaves = list(store.leaves(start, min(start + REPLAY_CHUNK, size)))
        apply(state, leaves, trusted=everything, on_failure=damaged)
    return state
