"""What the service shows: one model for each answer. Bytes are hexadecimal in JSON, byte strings in CBOR."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from zkperf.ledger.promises import Promise

Hex = Annotated[
    bytes,
    PlainSerializer(bytes.hex, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^([0-9a-f]{2})*$"}),
]


class View(BaseModel):
    """An answer of the service."""

    model_config = ConfigDict(frozen=True)


class MemberView(View):
    """A member, as the genesis lists it."""

    name: str
    signing_key: Hex
    sealing_key: Hex
    possession: Hex = Field(description="Proof of knowledge of the sealing key's secret.")
    signature: Hex = Field(description="By the signing key, over the genesis' charter.")


class LedgerView(View):
    """What the ledger's genesis says, and how long its log is."""

    genesis: Hex = Field(description="SHA-256 of the first leaf. Hold it against another source.")
    name: str
    suite: str
    members: list[MemberView]
    threshold: int
    rehearsal: bool = Field(description="Nothing on this ledger is for real.")
    min_cohort_floor: int
    max_sequence: int = Field(description="How often a rating may be replaced.")
    evaluators: list[Hex]
    log_origin: str
    log_vkey: str = Field(description="The log's verifier key (C2SP signed-note).")
    size: int = Field(description="How many leaves the log has.")
    software: str


class SchemeView(View):
    """A questionnaire on the log."""

    id: Hex
    leaf: int
    questionnaire: dict[str, Any]


class LeavesView(View):
    """Where on the log a round's foundations are."""

    scheme: int
    round: int
    keys: list[int]


class UnitView(View):
    """A unit of a round's tree; services are its leaves."""

    unit: int
    name: str
    parent: int | None
    registrar: Hex | None = Field(description="Who signs the vouchers of this service.")
    issued: int | None = Field(description="How many tokens were issued. Services only.")
    ratings: int | None = Field(description="How many pseudonyms have a rating on the log. Services only.")


class RoundSummary(View):
    """A round in a list of rounds."""

    id: Hex
    name: str
    phase: str
    scheme: Hex
    min_cohort: int
    until: int | None = Field(description="The announced end, in Unix time. Not closed before; null: none.")
    issued: int
    ratings: int = Field(description="Ratings on the log. How many wait for a batch is not shown.")


class RoundView(RoundSummary):
    """A round with its tree of units."""

    phase_text: str
    opened_at: int = Field(description="Unix time in seconds.")
    abandoned: int | None = Field(description="The leaf by which a member gave up the closed round.")
    leaves: LeavesView
    units: list[UnitView]


class OutlookView(View):
    """What closing a round would have published at some time within the last hour."""

    round: Hex
    at: int = Field(description="When that was, in Unix time.")
    enough: list[bool] = Field(description="Of every unit, in order, whether its figures would be published.")


class QuestionView(View):
    """A withheld question has a reason and no figures; counts are there for choices, totals for numbers."""

    status: str
    reason: str | None = None
    answered: int | None = None
    counts: dict[str, int] | None = None
    total: int | None = None
    mean: str | None = None


class UnitResultView(View):
    """What is published of one unit. A withheld one has a reason and no questions."""

    unit: int
    name: str
    status: str
    reason: str | None = None
    counted: int
    lost: int = Field(description="Ratings that fell out: too few members could read their sealed shares.")
    questions: dict[str, QuestionView] | None = None


class ResultView(View):
    """A round's result. Unit 0 is the total."""

    round: Hex
    leaf: int
    units: list[UnitResultView]


class PromiseView(View):
    """The sequencer's signed word that a rating is durable and will be on the log."""

    signature: Hex
    ledger: Hex
    round: Hex
    unit: int
    pseudonym: Hex
    sequence: int
    digest: Hex = Field(description="SHA-256 of the rating's leaf.")

    @classmethod
    def of(cls, promise: Promise) -> PromiseView:
        return cls(**{name: getattr(promise, name) for name in Promise.model_fields})


class LeafView(View):
    """The answer to a transaction that entered the log at once."""

    leaf: int = Field(description="Where on the log the transaction is.")


class IssuanceView(View):
    """What a device makes its token of."""

    shares: dict[int, Hex] = Field(description="Trustee to its share of the signature on the blinded point.")


class HealthView(View):
    """Writes are taken."""

    status: str
