"""`zkperf rate`: a citizen at the terminal. The first visit draws the token; a later one asks, and rates."""

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
from zkperf.cli.voucher import read_voucher
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
from zkperf.roles.wallet import NAME as WALLET_NAME
from zkperf.roles.wallet import Entry, Slot, Wallet
from zkperf.surveys.results import label, visible

LATER = frozenset({"busy", "too many requests", "stopping", "storage", "internal"})
"""Refusals of the moment: the same rating can be sent again."""
NOT_YET = frozenset(phase.name.lower() for phase in BEFORE_OPEN)
OVER = frozenset(phase.name.lower() for phase in Phase) - NOT_YET - {Phase.OPEN.name.lower()}
"""Phases before and after a round takes ratings, as the service names them."""


@dataclass(frozen=True)
class Case:
    """What a citizen may rate, and where the wallet keeps it. Without a voucher its token is there or
    under way."""

    ledger: bytes
    round: bytes
    unit: int
    slot: Slot
    voucher: Voucher | None

    @classmethod
    def of(cls, voucher: Voucher, wallet: Wallet) -> Case:
        return cls(voucher.ledger, voucher.round, voucher.unit, wallet.slot(voucher), voucher)

    @classmethod
    def kept(cls, slot: Slot, entry: Entry) -> Case:
        return cls(entry.ledger, entry.round, entry.unit, slot, None)


def find_case(given: str, wallet: Wallet) -> tuple[Case, str | None]:
    """The case of a voucher, however it is given (`read_voucher`), or of the wallet's entry with this name;
    and the address of the service, if it is in a link."""
    if WALLET_NAME.fullmatch(given) and not Path(given).exists():
        slot = wallet.find(given)
        entry = slot.load()
        if entry is None:
            raise InputError(f"{wallet.path}: holds no entry {given!r}")
        return Case.kept(slot, entry), None
    voucher, address = read_voucher(given)
    return Case.of(voucher, wallet), address


@dataclass(frozen=True)
class Visit:
    """One citizen's visit to a service for one case."""

    client: RemoteLedger
    address: str
    case: Case
    words: Words
    wallet_option: str

    @property
    def slot(self) -> Slot:
        return self.case.slot

    def run(self, answers: Mapping[str, Any] | None, delay: float, *, now: bool) -> Path | None:
        """The promise's file, None if nothing was sent. ``answers`` None: they are asked for.

        The first visit ends when the token is there, unless ``now``: a rating that follows at once is told by
        its time. Raises the reason if something is refused. What is refused before anything is sent leaves no
        trace.
        """
        view = RoundView.load(self.client, self.case.ledger, self.case.round)
        self._require_open(view.round)
        if answers is not None:
            _check_answers(view, answers)
        with self.slot.locked():
            return self._visit(Citizen(view), answers, delay, now)

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

    def _visit(
        self, citizen: Citizen, answers: Mapping[str, Any] | None, delay: float, now: bool
    ) -> Path | None:
        keep_genesis(self.slot.folder, self.case.ledger, self.client.receipt(0), self.slot.write)
        entry, fresh = self._token(citizen)
        if entry.outgoing is not None:
            return self._resend(citizen, entry)
        self._introduce(citizen.view)
        if fresh and not now:
            say(self.words("not hidden"))
            say("\n" + self.words("later", command=self._command("rate")))
            return None
        return self._rate(citizen, entry, answers, delay)

    def _rate(
        self, citizen: Citizen, entry: Entry, answers: Mapping[str, Any] | None, delay: float
    ) -> Path | None:
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
        return self.words("next", command=self._command("receipt fetch"))

    def _command(self, what: str) -> str:
        """A command about this case, with which to go on; the voucher itself is not repeated."""
        address = shlex.quote(self.address.rstrip("/"))
        return f"zkperf {what} --service {address} --voucher {self.slot.name}{self.wallet_option}"

    # -- the token --------------------------------------------------------------------------------

    def _token(self, citizen: Citizen) -> tuple[Entry, bool]:
        """The entry with its token, drawn whether or not the citizen will rate, and whether just now."""
        group = citizen.view.group
        entry = self.slot.load()
        if entry is None:
            assert self.case.voucher is not None
            # On disk before it is sent: a crash in between leaves a request that can be sent again.
            entry = self.slot.save(Entry.start(citizen.request_token(self.case.voucher), group, BLS12381))
        if entry.requested is None:
            say(self.words("token there"))
            return entry, False
        voucher = entry.requested.voucher
        refusal: RuleViolation | None = None
        try:
            self.client.submit(entry.requested.issue)
        except RuleViolation as error:
            # Perhaps this very request is recorded, and only the answer was lost: the shares will tell.
            if error.check != "issuance":
                raise
            refusal = error
        try:
            shares = self.client.token_shares(public_bytes(voucher.key()))
            token = citizen.finish_token(entry.request(group, BLS12381), shares)
        except RuleViolation as error:
            raise refusal or error from None
        except InvalidToken:
            if refusal is None:
                raise
            raise RuleViolation(self.words("used elsewhere"), check="issuance") from None
        say(self.words("token drawn"))
        return self.slot.save(entry.with_token(token)), True

    # -- what the citizen should know ---------------------------------------------------------------

    def _introduce(self, view: RoundView) -> None:
        words, opened, genesis = self.words, view.opened, view.genesis
        end = "" if opened.until is None else show_time(opened.until, words.language)
        say("")
        if genesis.rehearsal:
            say(words("rehearsal"))
        say(words("ledger", name=visible(genesis.name), genesis=view.ledger.hex()[:16]))
        say(words("round", name=visible(opened.name)))
        say(words("service", name=visible(unit_path(opened.units, self.case.unit))))
        say(words("no end") if opened.until is None else words("until", time=end))

    def _explain(self, view: RoundView) -> None:
        words, opened, genesis = self.words, view.opened, view.genesis
        say("\n" + words("published"))
        for question in view.questionnaire.questions:
            text = visible(label(question.text, question.id, words.language))
            say(words(_disclosed(question), question=text, k_min=opened.min_cohort))
        members = len(genesis.members)
        say(words("k_min", k_min=opened.min_cohort, threshold=genesis.threshold, members=members))
        issued = _issued(self.client.round(view.round), self.case.unit)
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
    case: Case,
    *,
    genesis: bytes | None,
    wallet: Wallet,
    words: Words,
    answers: str | None,
    delay: float,
    now: bool,
) -> Path | None:
    """One visit. Raises RuleViolation if the voucher is for another ledger than ``genesis``."""
    if genesis is not None and genesis != case.ledger:
        raise RuleViolation(
            f"the voucher is for the ledger {case.ledger.hex()}, not the one you know", check="genesis"
        )
    given = None if answers is None else load_answers(answers)
    with RemoteLedger(address, tell=say) as client:
        shown = (
            "" if wallet.path == DEFAULT_WALLET.expanduser() else f" --wallet {shlex.quote(str(wallet.path))}"
        )
        return Visit(client, address, case, words, shown).run(given, delay, now=now)


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
