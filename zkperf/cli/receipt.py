"""`zkperf receipt`: fetch the proof that a rating is on the log, and verify one offline."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from zkperf.cli.audit import public_log
from zkperf.cli.output import say
from zkperf.cli.voucher import read_voucher
from zkperf.errors import InputError, InvalidLogProof, RuleViolation
from zkperf.files import private_folder
from zkperf.ledger.log.checkpoint import Policy
from zkperf.ledger.log.receipt import Receipt
from zkperf.ledger.state import BEFORE_OPEN, Phase
from zkperf.ledger.transactions import Genesis
from zkperf.roles.evidence import (
    Origin,
    find_origin,
    keep_genesis,
    read_evidence,
    verify_evidence,
)
from zkperf.roles.remote import NotOnTheLog, RemoteLedger
from zkperf.roles.view import ledger_policy, proved, who_abandoned
from zkperf.roles.wallet import Entry, Slot, Wallet
from zkperf.surveys.results import visible

RATED_IN = tuple(phase.name.lower() for phase in (*BEFORE_OPEN, Phase.OPEN, Phase.DRAINING))
"""Phases in which a rating may still enter the log, as the service names them."""
_NOTHING = "nothing was rated with this voucher, as far as the wallet knows"


def fetch_receipt(
    client: RemoteLedger, wallet: Wallet, which: str | None, genesis: bytes | None, output: Path | None
) -> Path | None:
    """Fetches the receipt of a wallet's rating; its file, None while the rating is not on the log.

    ``which`` is the voucher (file, link or word) or the entry's name; needed where the wallet has several
    for this ledger, because asking for all at once would show the service that they belong together.
    Raises RuleViolation if the promise was broken.
    """
    slot = _choose(client, wallet, which)
    if not _has_rated(slot):
        raise InputError(_NOTHING)
    with slot.locked():
        entry = slot.load()
        if entry is None or entry.rated is None:
            raise InputError(_NOTHING)
        if genesis is not None and genesis != entry.ledger:
            raise RuleViolation(
                f"the rating is on the ledger {entry.ledger.hex()}, not the one you know", check="genesis"
            )
        return _fetch(client, slot, entry, output or slot.folder)


def verify_file(path: Path, genesis: bytes | None, ledger: Path | None) -> dict[str, Any]:
    """Checks a receipt or a promise offline; the facts. ``ledger``: a folder or an export, if the genesis
    receipt does not lie beside the file. Raises the reason if something does not hold."""
    evidence = read_evidence(path)
    origin = find_origin(path, evidence) if ledger is None else _origin_of(ledger)
    origin.require(genesis)
    return verify_evidence(evidence, origin).to_json(genesis)


def describe(facts: dict[str, Any]) -> list[str]:
    """What `verify_file` found, for people."""
    lines = [f"ledger    {visible(facts['ledger'])} ({facts['genesis']})"]
    if facts["kind"] == "promise":
        lines.append("promise   holds: the ledger's operator has signed that this rating will be on the log")
        lines.append("          when its round closes, unless its own rater replaces it. Should a member")
        lines.append("          abandon the round, the log says so, and the promise is void")
    else:
        lines.append(f"receipt   holds: leaf {facts['index']} of a log of {facts['size']} leaves")
    lines.append(f"leaf      {facts['transaction']}, SHA-256 {facts['digest']}")
    if "round" in facts:
        lines.append(f"round     {facts['round']}, unit {facts['unit']}")
        lines.append(f"pseudonym {facts['pseudonym']}, rating number {facts['sequence'] + 1}")
    return lines


def _choose(client: RemoteLedger, wallet: Wallet, which: str | None) -> Slot:
    wallet.require()
    if which is not None:
        try:
            return wallet.find(which)
        except InputError:
            return wallet.slot(read_voucher(which)[0])
    rated = [slot for slot in wallet.slots(client.genesis()) if _has_rated(slot)]
    if len(rated) == 1:
        return rated[0]
    if not rated:
        raise InputError(f"{wallet.path}: holds no rating on this service's ledger")
    names = ", ".join(slot.name for slot in rated)
    raise InputError(
        "--voucher: the wallet has several ratings on this ledger; ask for one at a time, better on "
        f"different days, or the service learns that they are one person's: {names}"
    )


def _has_rated(slot: Slot) -> bool:
    entry = slot.load()
    return entry is not None and entry.rated is not None


def _fetch(client: RemoteLedger, slot: Slot, entry: Entry, folder: Path) -> Path | None:
    assert entry.rated is not None
    first = client.receipt(0)
    origin = Origin.from_leaf(Receipt.parse(first).leaf)
    origin.require(entry.ledger)
    policy = ledger_policy(origin.ledger, origin.genesis.log_key)
    opened = client.round_leaves(entry.round).round
    if sha256(proved(client, opened, policy)).digest() != entry.round:
        raise InvalidLogProof("the round shown is not the one that was rated")
    try:
        # From the log's tiles, all of the round: asking for this very rating would show which one it is.
        text = client.find_receipt(entry.rated, start=opened)
    except NotOnTheLog:
        phase = client.round(entry.round).get("phase")
        if phase in RATED_IN:
            say("Not on the log yet: ratings enter in batches, the last at close. Your promise is kept.")
            return None
        if phase == Phase.ABANDONED.name.lower():
            raise _abandoned(client, entry.round, origin.genesis, policy) from None
        kept = (
            f": your promise, {slot.promise}, shows that it broke its word" if slot.promise.exists() else ""
        )
        raise RuleViolation(
            f"the round is over ({phase}) and your rating is not on the log that the service shows{kept}",
            check="log",
        ) from None
    receipt = Receipt.parse(text)
    if sha256(receipt.leaf).digest() != entry.rated:
        raise InvalidLogProof("the receipt is for another rating")
    receipt.verify(policy)
    if not folder.is_dir():
        private_folder(folder)
    target = Slot(folder, slot.name)
    keep_genesis(folder, origin.ledger, first, target.write)
    target.write(target.receipt, text.encode("utf-8"))
    if client.round(entry.round).get("phase") not in RATED_IN:
        slot.save(entry.finished())
    return target.receipt


def _abandoned(client: RemoteLedger, round_id: bytes, genesis: Genesis, policy: Policy) -> RuleViolation:
    """What to say of a rating of a round that was given up. Raises InvalidLogProof or InvalidSignature unless
    the log proves that a member gave it up: only that voids a promise."""
    leaf = client.round(round_id).get("abandoned")
    if type(leaf) is not int:
        raise InvalidLogProof("the round is called abandoned, and no leaf is named that says so")
    member = who_abandoned(genesis, round_id, proved(client, leaf, policy))
    return RuleViolation(
        f"the round was abandoned by {visible(member)} (leaf {leaf}): nothing of it is opened, your rating "
        "did not enter the log, and the promise about it is void",
        check="rounds",
    )


def _origin_of(path: Path) -> Origin:
    """The ledger in a folder or an export, from its first leaf."""
    with public_log(path) as log:
        for leaf in log.leaves:
            return Origin.from_leaf(leaf)
    raise InputError(f"{path}: holds an empty log")
