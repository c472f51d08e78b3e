"""`zkperf rate`: a citizen at the terminal. Token at once, then questions, a while later the rating."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Any

from circuits.questionnaire import Question
from zkperf.cli.options import DEFAULT_WALLET
from zkperf.cli.output import console, say
from zkperf.cli.questions import ask, confirm, load_answers, read_line
from zkperf.cli.times import show_time
from zkperf.cli.words import Words
from zkperf.errors import InputError, InvalidToken, RuleViolation
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.paths import unit_path
from zkperf.ledger.signing import public_bytes
from zkperf.ledger.state import BEFORE_OPEN, Phase
from zkperf.ledger.transactions import decode_transaction, digest, encode_transaction
from zkperf.roles.citizen import Citizen
from zkperf.roles.evidence import keep_genesis
from zkperf.roles.registrar import Voucher
from zkperf.roles.remote import RemoteLedger
from zkperf.roles.view import RoundView
from zkperf.roles.wallet import Entry, Slot, Wallet
from zkperf.surveys.results import label, visible

LATER = frozenset({"busy", "too many requests", "stopping", "storage", "internal"})
"""Refusals of the moment: the same rating can be sent again."""
NOT_YET = frozenset(phase.name.lower() for phase in BEFORE_OPEN)
OVER = frozenset(phase.name.lower() for phase in Phase) - NOT_YET - {Phase.OPEN.name.lower()}
"""Phases before and after a round takes ratings, as the service names them."""


@dataclass(frozen=True)
class Visit:
    """One citizen's visit to a service with one voucher."""

    client: RemoteLedger
    address: str
    voucher: Voucher
    slot: Slot
    words: Words
    wallet_option: str

    def run(self, answers: Mapping[str, Any] | None, delay: float, *, token_only: bool) -> Path | None:
        """The promise's file, None if nothing was sent. ``answers`` None: they are asked for.

        Raises the reason if something is refused. What is refused before anything is sent leaves no trace.
        """
        view = RoundView.load(self.client, self.voucher.ledger, self.voucher.round)
        self._require_open(view.round)
        if answers is not None:
            _check_answers(view, answers)
        with self.slot.locked():
            return self._rate(Citizen(view), answers, delay, token_only)

    def _require_open(self, round_id: bytes) -> None:
        """Says at once that the round does not take ratings, rather than after all the questions."""
        entry, phase = self.slot.load(), self.client.round(round_id).get("phase")
        if phase in NOT_YET:
            raise RuleViolation(self.words("not yet"), check="rounds")
        # What was sent and never answered may have arrived: that is found out all the same.
        if phase in OVER and (entry is None or entry.outgoing is None):
            if entry is not None and entry.rated is not None:
                say(self._next())
            raise RuleViolation(self.words("over"), check="rounds")

    def _rate(
        self, citizen: Citizen, answers: Mapping[str, Any] | None, delay: float, token_only: bool
    ) -> Path | None:
        keep_genesis(self.slot.folder, self.voucher.ledger, self.client.receipt(0), self.slot.write)
        entry = self._token(citizen)
        if entry.outgoing is not None:
            return self._resend(citizen, entry)
        if token_only:
            return None
        self._explain(citizen.view)
        limit = citizen.view.genesis.max_sequence
        left = limit - entry.next_sequence + 1
        if left <= 0:
            raise RuleViolation(self.words("no more", limit=limit), check="batches")
        if entry.next_sequence:
            say(self.words("rated before", left=left))
        try:
            chosen = self._ask(citizen.view) if answers is None else answers
            if chosen is None:
                say(self.words("not sent"))
                return None
            core, bundle = citizen.rate(entry.usable_token(), chosen)
            self._wait(delay)
        except KeyboardInterrupt:
            say("\n" + self.words("not sent"))
            raise
        entry = self.slot.save(entry.sending(encode_transaction(core), bundle.encode()))
        self._send(citizen, entry)
        say(self.words("promised", path=self.slot.promise))
        say(self.words("erased"))
        if answers is None:
            say(self.words("scrollback"))
        say(self._next())
        return self.slot.promise

    def _next(self) -> str:
        address = shlex.quote(self.address.rstrip("/"))
        return self.words("next", service=address, name=self.slot.name, wallet=self.wallet_option)

    # -- the token --------------------------------------------------------------------------------

    def _token(self, citizen: Citizen) -> Entry:
        """The entry with its token: drawn at once, whether or not the citizen will rate."""
        group = citizen.view.group
        entry = self.slot.load()
        if entry is None:
            # On disk before it is sent: a crash in between leaves a request that can be sent again.
            entry = self.slot.save(Entry.start(citizen.request_token(self.voucher), group, BLS12381))
        if entry.requested is None:
            say(self.words("token there"))
            return entry
        refusal: RuleViolation | None = None
        try:
            self.client.submit(entry.requested.issue)
        except RuleViolation as error:
            # Perhaps this very request is recorded, and only the answer was lost: the shares will tell.
            if error.check != "issuance":
                raise
            refusal = error
        try:
            shares = self.client.token_shares(public_bytes(self.voucher.key()))
            token = citizen.finish_token(entry.request(group, BLS12381), shares)
        except RuleViolation as error:
            raise refusal or error from None
        except InvalidToken:
            if refusal is None:
                raise
            raise RuleViolation(self.words("used elsewhere"), check="issuance") from None
        say(self.words("token drawn"))
        return self.slot.save(entry.with_token(token))

    # -- what the citizen should know ---------------------------------------------------------------

    def _explain(self, view: RoundView) -> None:
        words, opened, genesis = self.words, view.opened, view.genesis
        end = "" if opened.until is None else show_time(opened.until, words.language)
        say("")
        say(words("ledger", name=visible(genesis.name), genesis=view.ledger.hex()[:16]))
        say(words("round", name=visible(opened.name)))
        say(words("service", name=visible(unit_path(opened.units, self.voucher.unit))))
        say(words("no end") if opened.until is None else words("until", time=end))
        say("\n" + words("published"))
        for question in view.questionnaire.questions:
            text = visible(label(question.text, question.id, words.language))
            say(words(_disclosed(question), question=text, k_min=opened.min_cohort))
        members = len(genesis.members)
        say(words("k_min", k_min=opened.min_cohort, threshold=genesis.threshold, members=members))
        issued = _issued(self.client.round(view.round), self.voucher.unit)
        say(words("issued", issued=issued))
        if issued < opened.min_cohort:
            say(words("few issued", k_min=opened.min_cohort))
        say(words("not hidden"))

    def _ask(self, view: RoundView) -> Mapping[str, Any] | None:
        """Answers that the questionnaire allows; None if the citizen thinks better of it."""
        title = label(view.questionnaire.title, view.questionnaire.id, self.words.language)
        say("\n" + visible(title))
        asked = ask(view.questionnaire, self.words, read_line)
        return asked if confirm(view.questionnaire, asked, self.words, read_line) else None

    # -- the rating ---------------------------------------------------------------------------------

    def _wait(self, longest: float) -> None:
        seconds = SystemRandom().uniform(0, longest)
        if seconds >= 1:
            say(self.words("waiting", seconds=seconds))
            with console.status(""):
                time.sleep(seconds)

    def _send(self, citizen: Citizen, entry: Entry) -> Entry:
        """Sends what is to be sent; keeps its promise, checked. What is refused for good is dropped."""
        assert entry.outgoing is not None
        core = decode_transaction(entry.outgoing.core)
        try:
            promise = self.client.submit_rating(entry.outgoing.core, entry.outgoing.bundle)
        except RuleViolation as error:
            if error.check not in LATER:
                self.slot.save(entry.refused())
            raise
        citizen.check_promise(core, promise)
        self.slot.write(self.slot.promise, promise.encode())
        return self.slot.save(entry.taken(promise.digest, core.sequence))

    def _resend(self, citizen: Citizen, entry: Entry) -> Path | None:
        """Sends what was sent before and never answered: it may be there already, or not."""
        assert entry.outgoing is not None
        core = decode_transaction(entry.outgoing.core)
        try:
            self._send(citizen, entry)
        except RuleViolation as error:
            if f"expected sequence number {core.sequence + 1}," not in str(error):
                raise
            self.slot.save(entry.taken(digest(core), core.sequence))
            say(self.words("was there"))
            return None
        say(self.words("resent"))
        return self.slot.promise


def rate(
    address: str,
    voucher: Voucher,
    *,
    genesis: bytes | None,
    wallet: Wallet,
    words: Words,
    answers: str | None,
    delay: float,
    token_only: bool = False,
) -> Path | None:
    """One visit. Raises RuleViolation if the voucher is for another ledger than ``genesis``."""
    if genesis is not None and genesis != voucher.ledger:
        raise RuleViolation(
            f"the voucher is for the ledger {voucher.ledger.hex()}, not the one you know", check="genesis"
        )
    given = None if answers is None else load_answers(answers)
    with RemoteLedger(address, tell=say) as client:
        shown = (
            "" if wallet.path == DEFAULT_WALLET.expanduser() else f" --wallet {shlex.quote(str(wallet.path))}"
        )
        visit = Visit(client, address, voucher, wallet.slot(voucher), words, shown)
        return visit.run(given, delay, token_only=token_only)


def _check_answers(view: RoundView, answers: Mapping[str, Any]) -> None:
    """InputError unless the questionnaire allows them."""
    try:
        view.layout.bits(answers)
    except InputError as error:
        raise InputError(f"--answers: {error}") from None


def _disclosed(question: Question) -> str:
    return question.disclose if question.required else f"optional {question.disclose}"


def _issued(found: dict[str, Any], unit: int) -> int:
    """How many tokens the service says it has issued for a unit; 0 if it does not say."""
    for item in found.get("units") or ():
        if isinstance(item, dict) and item.get("unit") == unit and type(item.get("issued")) is int:
            return int(item["issued"])
    return 0
