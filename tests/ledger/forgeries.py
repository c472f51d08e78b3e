"""What cheats send: deals and ratings that are right in all that is public, and wrong in what is sealed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from circuits.complaint import Complaint, complain
from circuits.rating import Bundle, Core, prover
from circuits.rating import shares as rating_shares
from tests.ledger.bench import Bench, Rated
from zkperf.ledger.transactions import ComplaintPosted, digest
from zkperf.sharing import Share
from zkperf.tokens.keygen import Deal, KeygenContext, make_deal


def cheating_deal(context: KeygenContext, dealer: int, *victims: int) -> Deal:
    """A deal that is right but that its shares for the victims are sealed for a key that is not theirs."""
    wrong = list(context.trustees)
    for victim in victims:
        wrong[victim - 1] = context.group.generator
    disguised = replace(context, trustees=tuple(wrong))
    # All digests and proofs are bound to the true run.
    disguised.__dict__["digest"] = context.digest
    return make_deal(disguised, dealer)


def rating_with(rated: Rated, answers: dict[str, Any], **how: Callable[[Any], Any]) -> tuple[Core, Bundle]:
    """The citizen's rating with something done to what is sealed, and a digest and proof that fit it.

    ``shares`` changes the shares (by commitment, by trustee) before they are sealed; ``sealed`` changes the
    sealed shares (by trustee) before they are hashed.
    """
    real = rating_shares.seal_shares

    def seal(group: Any, ledger: Any, core: Any, trustees: Any, y: int, shares: Any, source: Any) -> Any:
        bundle, d = real(group, ledger, core, trustees, y, how.get("shares", lambda s: s)(shares), source)
        if "sealed" in how:
            bundle = bundle.model_copy(update={"sealed": how["sealed"](bundle.sealed)})
            d = rating_shares._digest(bundle)
        return bundle, d

    with pytest.MonkeyPatch.context() as patch:
        # In the kernel nobody can cheat so easily.
        patch.setitem(rated.citizen.view.__dict__, "prover", None)
        patch.setattr(prover, "seal_shares", seal)
        return rated.citizen.rate(rated.token, answers)


def garbage_for(trustee: int) -> dict[str, Callable[[Any], Any]]:
    """The trustee's sealed share is noise of the right length."""
    return {
        "sealed": lambda sealed: tuple(
            bytes(len(item)) if j == trustee else item for j, item in enumerate(sealed, 1)
        )
    }


def wrong_share_for(trustee: int) -> dict[str, Callable[[Any], Any]]:
    """The trustee's share opens, and is one too high in its first value."""

    def change(shares: Sequence[Sequence[Share]]) -> Any:
        first = list(shares[0])
        share = first[trustee - 1]
        first[trustee - 1] = Share((share.values[0] + 1, *share.values[1:]), share.blinding)
        return [first, *shares[1:]]

    return {"shares": change}


def complaint(bench: Bench, member: int, core: Core, bundle: Bundle) -> Complaint:
    """A member's complaint about its share of a rating, be the share bad or good."""
    trustee = bench.trustees[member]
    return complain(trustee.group, bench.state.ledger, digest(core), core, bundle, member, trustee._secret)


def posted_complaint(
    bench: Bench, member: int, core: Core, bundle: Bundle, **changes: Any
) -> ComplaintPosted:
    """The same, signed by the member, with some fields changed."""
    changed = complaint(bench, member, core, bundle).model_copy(update=changes)
    posted: ComplaintPosted = bench.signed(member, ComplaintPosted, complaint=changed)
    return posted
