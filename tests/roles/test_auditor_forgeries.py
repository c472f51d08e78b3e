"""Forgeries by members, registrars and the operator, each with the signatures that the forger can make.

The checkpoint is always signed over the forged leaves: only the rules can tell. Each test says which
check has to fail, and at which leaf.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.rating import Core, RatingContext, build_rating
from tests.roles.eventful import Story, but_for_the_tally, changed, check, failures, sign_checkpoint
from tests.world import audit_leaves
from zkperf.groups.bls12381 import BLS12381
from zkperf.ledger.signing import public_bytes, signed, voucher_message
from zkperf.ledger.transactions import (
    Batch,
    Checked,
    ComplaintPosted,
    ComplaintRefused,
    Deadline,
    DealPosted,
    Issue,
    NodeSum,
    OptionCount,
    ResultPosted,
    RoundClosed,
    RoundKeys,
    RoundOpened,
    SchemePosted,
    SumsPosted,
    Unit,
    encode_transaction,
    signed_digest,
)
from zkperf.roles.citizen import Citizen
from zkperf.roles.view import RoundView


def rewritten(story: Story, index: int, **changes: Any) -> bytes:
    """A leaf that nobody signs again, with some fields changed."""
    return encode_transaction(story.at(index).model_copy(update=changes))


def forge(story: Story, changes: dict[int, bytes]) -> dict[str, list[int | None]]:
    return check(story, changed(story, changes))


# -- ratings ----------------------------------------------------------------------------------------


def test_a_changed_proof(story: Story) -> None:
    index = story.places(Core)[0]
    proof = story.at(index).proof
    # The last scalar is z, in little endian: still a scalar, but another one.
    other = proof[:-32] + bytes([proof[-32] ^ 1]) + proof[-31:]
    assert forge(story, {index: rewritten(story, index, proof=other)})["proofs"] == [index]


def test_everything_in_a_rating_is_proved(story: Story) -> None:
    one, two = story.places(Core)[:2]
    other = story.at(two)
    for name in ("ephemeral", "commitments", "coefficients", "digest", "proof"):
        leaf = rewritten(story, one, **{name: getattr(other, name)})
        assert forge(story, {one: leaf})["proofs"] == [one], name
    assert forge(story, {one: rewritten(story, one, sequence=1)})["proofs"] == [one]
    for unit in (2, 4):
        # Another cohort's key did not sign this token.
        assert one in forge(story, {one: rewritten(story, one, unit=unit)})["tokens"]
    for unit in (0, 5, 2**62):
        assert one in forge(story, {one: rewritten(story, one, unit=unit)})["batches"]
    assert one in forge(story, {one: rewritten(story, one, round=bytes(32))})["batches"]


def test_swapped_tokens(story: Story) -> None:
    one, two = story.places(Core)[:2]
    tokens = story.at(one).token, story.at(two).token
    forged = {one: rewritten(story, one, token=tokens[1]), two: rewritten(story, two, token=tokens[0])}
    assert forge(story, forged)["tokens"] == [one, two]


def stuffing(story: Story, count: int, *, token: bytes | None = None) -> list[Core]:
    """New ratings in the second round, sorted, proved by somebody who has no token (or this one)."""
    found, state = story.second, story.world.state
    group, layout = state.commitment_group, found.scheme.layout
    context = RatingContext(
        ledger=state.ledger,
        round=found.digest,
        unit=1,
        scheme=found.scheme.digest,
        threshold=state.rules.threshold,
        members=state.members,
    )
    fake = BLS12381.g1.encode(BLS12381.g1.hash_to_element(b"no signature", b"test"))
    cores = []
    for _ in range(count):
        core, _ = build_rating(
            group,
            layout,
            found.scheme.keys,
            context,
            state.sealing_keys,
            group.random_nonzero_scalar(),
            token or fake,
            0,
            layout.bits({"again": "good"}),
        )
        cores.append(core)
    return sorted(cores, key=lambda core: core.pseudonym)


def announce(story: Story, count: int, *, final: bool = False, holder: str = "sequencer") -> bytes:
    fields = {"round": story.second.digest, "unit": 1, "count": count, "final": final}
    return encode_transaction(signed(Batch, story.key(holder), story.ledger, **fields))


def test_tokens_that_no_trustee_signed(story: Story) -> None:
    """Everything else is right: the proofs are made with the false tokens in their transcripts."""
    end = len(story.leaves)
    leaves = [*story.leaves, announce(story, 2), *map(encode_transaction, stuffing(story, 2))]
    assert check(story, leaves) == {"tokens": [end + 1, end + 2]}
    # Nor does another pseudonym's token help.
    stolen = story.at(end - 1).token
    leaves = [*story.leaves, announce(story, 2), *map(encode_transaction, stuffing(story, 2, token=stolen))]
    assert check(story, leaves) == {"tokens": [end + 1, end + 2]}


def test_ratings_outside_of_a_batch(story: Story) -> None:
    end = len(story.leaves)
    assert check(story, [*story.leaves, story.leaves[-1]]) == {"batches": [end]}
    batch = story.places(Batch)[0]
    found = check(story, [*story.leaves[:batch], *story.leaves[batch + 1 :]])
    assert found["batches"][:2] == [batch, batch + 1]


def test_a_batch_that_is_not_sorted_by_pseudonym(story: Story) -> None:
    batch = story.places(Batch)[0]
    one, two = batch + 1, batch + 2
    assert forge(story, {one: story.leaves[two], two: story.leaves[one]})["batches"] == [two]
    assert forge(story, {two: story.leaves[one]})["batches"] == [two]


def test_a_batch_that_shows_who_came_when(story: Story) -> None:
    """Smaller than k_min, announced final before close, longer than what follows, or not the sequencer's."""
    end, last = len(story.leaves), story.leaves[-1]
    assert check(story, [*story.leaves, announce(story, 1), last])["batches"] == [end, end + 1]
    assert check(story, [*story.leaves, announce(story, 2, final=True)]) == {"batches": [end]}
    assert check(story, [*story.leaves, announce(story, 2, holder="member-1")]) == {"signatures": [end]}
    assert check(story, [*story.leaves, announce(story, 2)]) == {"batches": [end + 1]}
    final = next(place for place in story.places(Batch) if story.at(place).final)
    assert forge(story, {final: story.resigned("sequencer", final, final=False)})["batches"][0] == final


def test_a_second_final_batch(story: Story) -> None:
    closed = story.places(RoundClosed)[0]
    batch = next(place for place in story.places(Batch) if place > closed)
    again = [batch, batch + 1]
    checked = story.places(Checked)[0]
    leaves = [*story.leaves[:checked], *(story.leaves[place] for place in again), *story.leaves[checked:]]
    resigned = story.resigned("sequencer", batch, count=1)
    leaves[checked] = resigned
    assert check(story, leaves) == {"batches": [checked, checked + 1]}


def test_more_ratings_than_issuances(story: Story) -> None:
    index = story.places(Issue)[2]
    found = check(story, [*story.leaves[:index], *story.leaves[index + 1 :]])
    assert found["batches"]


def test_a_rating_replaced_before_close_or_backwards(story: Story) -> None:
    """The last rating of the second round, entered again in a second batch."""
    end, last = len(story.leaves), story.places(Core)[-1]
    again = [announce(story, 2), story.leaves[last - 1], story.leaves[last]]
    assert check(story, [*story.leaves, *again]) == {"batches": [end + 1, end + 2]}


# -- issuance ---------------------------------------------------------------------------------------


def issue(story: Story, voucher: Ed25519PrivateKey, registrar: Ed25519PrivateKey, **changes: Any) -> bytes:
    """An issuance for the second round's service E, with these fields changed before anybody signs."""
    fields: dict[str, Any] = {
        "voucher": public_bytes(voucher),
        "round": story.second.digest,
        "unit": 1,
        "blinded": story.at(story.places(Issue)[0]).blinded,
    } | changes
    message = voucher_message(story.ledger, fields["round"], fields["unit"], fields["voucher"])
    fields.setdefault("registrar_signature", registrar.sign(message))
    return encode_transaction(signed(Issue, voucher, story.ledger, **fields))


def test_an_issuance_without_a_voucher(story: Story) -> None:
    end, voucher = len(story.leaves), Ed25519PrivateKey.generate()
    registrar, mallory = story.key("registrar"), Ed25519PrivateKey.generate()
    assert check(story, [*story.leaves, issue(story, voucher, registrar)]) == {}
    assert check(story, [*story.leaves, issue(story, voucher, mallory)]) == {"signatures": [end]}
    assert check(story, [*story.leaves, issue(story, voucher, story.key("evaluator"))]) == {
        "signatures": [end]
    }


def test_a_voucher_of_another_service_or_round(story: Story) -> None:
    voucher, registrar = Ed25519PrivateKey.generate(), story.key("registrar")
    end = len(story.leaves)
    # The registrar signed for E in the second round; the same signature does not do elsewhere.
    message = voucher_message(story.ledger, story.second.digest, 1, public_bytes(voucher))
    moved = issue(
        story, voucher, registrar, round=story.first.digest, registrar_signature=registrar.sign(message)
    )
    index = story.places(RoundClosed)[0]
    found = check(story, [*story.leaves[:index], moved, *story.leaves[index:]])
    assert but_for_the_tally(found) == {"signatures": [index]}
    for changes in ({"unit": 0}, {"unit": 2}, {"round": bytes(32)}, {"round": story.first.digest}):
        leaf = issue(story, voucher, registrar, **changes)
        assert check(story, [*story.leaves, leaf]) == {"issuance": [end]}, changes


def test_a_point_that_the_voucher_did_not_sign(story: Story) -> None:
    """Whoever sees a voucher in passing cannot put in a point of their own."""
    one, two = story.places(Issue)[:2]
    stolen = rewritten(story, one, blinded=story.at(two).blinded)
    assert forge(story, {one: stolen})["signatures"] == [one]


def test_points_that_are_none(story: Story) -> None:
    end, voucher, registrar = len(story.leaves), Ed25519PrivateKey.generate(), story.key("registrar")
    infinity = b"\xc0" + bytes(47)
    for point in (infinity, bytes(48), b"\xff" * 48, b"\x80" + bytes(47)):
        leaf = issue(story, voucher, registrar, blinded=point)
        assert check(story, [*story.leaves, leaf]) == {"encoding": [end]}


def test_a_second_point_for_one_voucher(story: Story) -> None:
    view = RoundView.load(story.world.consortium, story.ledger, story.second.digest)
    voucher = story.world.voucher(story.second)
    issues = [Citizen(view).request_token(voucher).issue for _ in range(2)]
    assert check(story, [*story.leaves, *issues]) == {"issuance": [len(story.leaves) + 1]}


# -- complaints -------------------------------------------------------------------------------------


def test_a_false_complaint_recorded_as_true(story: Story) -> None:
    """The complaint itself, signed by its member, in place of the record of its refusal."""
    index = story.places(ComplaintRefused)[0]
    found = forge(story, {index: story.false_complaint})
    assert but_for_the_tally(found) == {"complaints": [index]}


def test_a_refusal_of_what_no_member_signed(story: Story) -> None:
    index = story.places(ComplaintRefused)[0]
    for changes in ({"digest": bytes(32)}, {"trustee": 1}, {"signature": bytes(64)}):
        found = forge(story, {index: rewritten(story, index, **changes)})
        assert but_for_the_tally(found) == {"signatures": [index]}, changes
    for changes in ({"trustee": 0}, {"trustee": 9}, {"round": bytes(32)}):
        found = forge(story, {index: rewritten(story, index, **changes)})
        assert but_for_the_tally(found) == {"complaints": [index]}, changes


def test_a_refusal_made_of_another_message(story: Story) -> None:
    """A member's signature on its sums, say, does not make it a false accuser."""
    index, sums = story.places(ComplaintRefused)[0], story.at(story.places(SumsPosted)[0])
    leaf = rewritten(story, index, trustee=sums.trustee, signature=sums.signature, digest=signed_digest(sums))
    assert but_for_the_tally(forge(story, {index: leaf})) == {"signatures": [index]}


def test_a_true_complaint_in_another_members_name(story: Story) -> None:
    index = story.places(ComplaintPosted)[0]
    complaint = story.at(index).complaint
    for member in (1, 2, 4):
        borrowed = complaint.model_copy(update={"trustee": member})
        leaf = story.resigned(f"member-{member}", index, complaint=borrowed)
        found = forge(story, {index: leaf})
        # Members 1 and 2 may have declared their checks finished by then.
        assert index in [*found.get("proofs", []), *found.get("complaints", [])], (member, found)


# -- tally ------------------------------------------------------------------------------------------


def test_a_changed_sum(story: Story) -> None:
    for index in story.places(SumsPosted):
        posted = story.at(index)
        first, *rest = posted.sums
        one_more = (int.from_bytes(first.values[0], "little") + 1).to_bytes(32, "little")
        for forged in (
            first.model_copy(update={"values": (one_more, *first.values[1:])}),
            first.model_copy(update={"blinding": first.values[0]}),
            first.model_copy(update={"values": first.values[:-1]}),
            first.model_copy(update={"values": (*first.values, bytes(32))}),
        ):
            leaf = story.resigned(f"member-{posted.trustee}", index, sums=(forged, *rest))
            assert index in forge(story, {index: leaf})["openings"]


def test_a_sum_in_another_members_name(story: Story) -> None:
    one, two = story.places(SumsPosted)[:2]
    trustee = story.at(one).trustee
    leaf = story.resigned(f"member-{trustee}", two, trustee=trustee)
    assert two in forge(story, {two: leaf})["openings"]


def test_a_withheld_unit_opened(story: Story) -> None:
    """B and C are withheld: their sums must not be posted, whatever they are."""
    for index in story.places(SumsPosted)[:2]:
        posted = story.at(index)
        place = next(item for item in posted.sums if item.unit == 1)
        for unit in (2, 3, 4):
            opened = place.model_copy(update={"unit": unit})
            leaf = story.resigned(f"member-{posted.trustee}", index, sums=(*posted.sums, opened))
            assert index in forge(story, {index: leaf})["disclosure"]
        fewer = story.resigned(f"member-{posted.trustee}", index, sums=posted.sums[1:])
        assert index in forge(story, {index: fewer})["disclosure"]


def test_an_optional_total_opened_before_its_time(story: Story) -> None:
    index = story.places(SumsPosted)[0]
    posted = story.at(index)
    early = NodeSum(commitment=1, unit=0, values=(bytes(32),), blinding=bytes(32))
    leaf = story.resigned(f"member-{posted.trustee}", index, sums=(*posted.sums, early))
    assert index in forge(story, {index: leaf})["disclosure"]


def test_sums_before_the_counted_set_is_fixed(story: Story) -> None:
    checked, sums = story.places(Checked)[0], story.places(SumsPosted)[0]
    moved = [*story.leaves[:checked], story.leaves[sums], *story.leaves[checked:]]
    assert check(story, moved) == {"openings": [checked]}


def test_the_counted_set_never_changes_again(story: Story) -> None:
    """Neither a complaint nor a late word of a member gets in once it is fixed."""
    sums = story.places(SumsPosted)[0]
    complaint = story.leaves[story.places(ComplaintPosted)[0]]
    late = story.resigned("member-4", story.places(Checked)[0], trustee=4)
    for leaf, name in ((complaint, "complaints"), (late, "counted set")):
        assert check(story, [*story.leaves[:sums], leaf, *story.leaves[sums:]]) == {name: [sums]}


def test_a_deadline_before_its_time_or_without_enough_members(story: Story) -> None:
    index, last = story.places(Deadline)[0], story.places(Checked)[-1]
    at = story.at(index).at
    assert index in forge(story, {index: story.resigned("evaluator", index, at=at - 1)})["rounds"]
    assert index in forge(story, {index: story.resigned("member-1", index)})["signatures"]
    # Two of four have checked: with t = 2 and f = 1 three have to.
    found = check(story, [*story.leaves[:last], *story.leaves[last + 1 :]])
    assert found["rounds"] == [index - 1]


def test_a_changed_result(story: Story) -> None:
    index = story.places(ResultPosted)[0]
    posted = story.at(index)
    total, first, withheld, *rest = posted.units
    recommend, minutes = total.questions
    assert recommend.counts is not None and withheld.status == "withheld"
    best, *others = recommend.counts
    flattered = recommend.model_copy(
        update={"counts": (OptionCount(option=best.option, count=best.count + 1), *others)}
    )
    for units in (
        (total.model_copy(update={"questions": (flattered, minutes)}), first, withheld, *rest),
        (
            total.model_copy(
                update={"questions": (recommend, minutes.model_copy(update={"mean": "9.999999"}))}
            ),
            first,
            withheld,
            *rest,
        ),
        (total, first, withheld.model_copy(update={"status": "published", "reason": None}), *rest),
        (total, first.model_copy(update={"counted": first.counted + 1}), withheld, *rest),
        (total, first, withheld.model_copy(update={"name": "Z"}), *rest),
        posted.units[:-1],
        (*posted.units, posted.units[-1]),
        (),
    ):
        leaf = story.resigned(f"member-{posted.trustee}", index, units=units)
        assert forge(story, {index: leaf}) == {"results": [index]}


# -- foundations ------------------------------------------------------------------------------------


def deep_tree(root: Unit, service: Unit, levels: int) -> tuple[Unit, ...]:
    """One service below so many levels; `root` itself is level 0."""
    inner = [root.model_copy(update={"parent": place}) for place in range(levels - 1)]
    return root, *inner, service.model_copy(update={"parent": levels - 1, "name": "deep"})


def test_rounds_that_the_rules_do_not_allow(story: Story) -> None:
    end, index = len(story.leaves), story.places(RoundOpened)[1]
    opened = story.at(index)
    root, service = opened.units
    e = service.model_copy
    for changes in (
        {"min_cohort": 1, "name": "x"},
        {"units": ()},
        {"units": (root,), "name": "x"},
        {"units": (root, e(update={"registrar": None})), "name": "x"},
        {"units": (root, e(update={"parent": 1})), "name": "x"},
        {"units": (root, e(update={"parent": None})), "name": "x"},
        {"units": (root, service, service), "name": "x"},
        {"units": deep_tree(root, service, 33), "name": "x"},
        {"scheme": bytes(32), "name": "x"},
        {"name": "the same service in two open rounds"},
    ):
        leaf = story.resigned("evaluator", index, **changes)
        assert check(story, [*story.leaves, leaf]) == {"rounds": [end]}, changes
    deepest = story.resigned("evaluator", index, units=deep_tree(root, service, 32), name="x")
    assert check(story, [*story.leaves, deepest]) == {}
    assert check(story, [*story.leaves, story.resigned("registrar", index, name="x")]) == {
        "signatures": [end]
    }
    mallory = story.resigned("registrar", index, name="x", evaluator=public_bytes(story.key("registrar")))
    assert check(story, [*story.leaves, mallory]) == {"rounds": [end]}


def test_schemes_that_make_no_sense(story: Story) -> None:
    end, index = len(story.leaves), story.places(SchemePosted)[0]
    asked = story.at(index).questionnaire
    question = asked.questions[0]
    for questions in ((), (question, question), (question.model_copy(update={"options": ()}),)):
        broken = asked.model_copy(update={"questions": questions})
        leaf = story.resigned("evaluator", index, questionnaire=broken)
        assert check(story, [*story.leaves, leaf]) == {"schemes": [end]}


def test_keys_that_do_not_follow_from_the_deals(story: Story) -> None:
    index = story.places(RoundKeys)[0]
    posted, other = story.at(index), story.at(story.places(RoundKeys)[1])
    keys = posted.keys.model_copy(update={"keys": (other.keys.keys[0], *posted.keys.keys[1:])})
    leaf = story.resigned(f"member-{posted.trustee}", index, keys=keys)
    assert index in forge(story, {index: leaf})["key generation"]


def test_a_deal_that_was_not_committed_to(story: Story) -> None:
    first, second = story.places(DealPosted)[:2]
    deal = story.at(first).deal.model_copy(update={"salt": bytes(32)})
    leaf = story.resigned("member-1", first, deal=deal)
    assert first in forge(story, {first: leaf})["openings"]
    # Another's deal as one's own: the proof of knowledge is bound to the dealer.
    copied = story.at(second).deal.model_copy(update={"dealer": 1})
    assert first in forge(story, {first: story.resigned("member-1", first, deal=copied)})["openings"]


def test_another_genesis(story: Story) -> None:
    genesis = story.at(0)
    one, two, *others = genesis.members
    for changes, name in (
        ({"threshold": 0}, "genesis"),
        ({"threshold": 5}, "genesis"),
        ({"version": 2}, "genesis"),
        ({"suite": "P-521"}, "genesis"),
        ({"min_cohort_floor": 1}, "genesis"),
        ({"evaluators": ()}, "genesis"),
        ({"members": ()}, "genesis"),
        ({"members": (one, one, *others)}, "genesis"),
        ({"members": (one, two.model_copy(update={"sealing_key": one.sealing_key}), *others)}, "genesis"),
        ({"members": (one.model_copy(update={"name": "Mallory"}), two, *others)}, "proofs"),
        ({"members": (one.model_copy(update={"sealing_key": bytes(32)}), two, *others)}, "encoding"),
        ({"members": (one.model_copy(update={"signature": two.signature}), two, *others)}, "signatures"),
        ({"nonce": bytes(32)}, "proofs"),
    ):
        leaf = rewritten(story, 0, **changes)
        note = sign_checkpoint(story.key("sequencer"), sha256(leaf).digest(), [leaf])
        assert failures(audit_leaves([leaf], note)) == {name: [0]}, changes
    # A ledger that all members have joined: it is just not the one the auditor knows.
    draft = genesis.model_copy(update={"nonce": bytes(32)})
    members = tuple(trustee.join(draft) for trustee in story.world.consortium.trustees)
    own = rewritten(story, 0, nonce=bytes(32), members=members)
    note = sign_checkpoint(story.key("sequencer"), sha256(own).digest(), [own])
    assert failures(audit_leaves([own], note, story.ledger)) == {"genesis": [0]}
    assert audit_leaves([own], note).ok


# -- several at once --------------------------------------------------------------------------------


def test_the_audit_goes_on_and_lists_every_failure(story: Story) -> None:
    core = story.places(Core)[1]
    refused, issued = story.places(ComplaintRefused)[0], story.places(Issue)[-1]
    proof = story.at(core).proof
    result = story.places(ResultPosted)[0]
    leaves = changed(
        story,
        {
            issued: rewritten(story, issued, signature=bytes(64)),
            core: rewritten(story, core, proof=proof[:-32] + bytes([proof[-32] ^ 1]) + proof[-31:]),
            refused: story.false_complaint,
            result: story.resigned("member-1", result, trustee=1, units=()),
        },
    )
    found = check(story, [*leaves, b"\xff"], story.note)
    assert found["signatures"] == [issued]
    assert found["proofs"] == [core]
    assert refused in found["complaints"]
    assert found["openings"], "the sums are over a rating that the log does not hold"
    assert found["results"] == [result]
    assert found["encoding"] == [len(leaves)]
    assert found["log"] == [None]
