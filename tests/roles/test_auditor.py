"""The auditor finds nothing wrong with an honest ledger, and everything that is wrong with others.

Most forgeries here are those of an operator who holds the log's key: the checkpoint is signed over the
forged leaves, so that only the rules can tell.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.rating import Core
from tests.ledger.figure_bench import UNITS, in_phase
from tests.roles.eventful import (
    ANSWERS_A,
    Story,
    but_for_the_tally,
    changed,
    check,
    failures,
    sign_checkpoint,
)
from tests.world import World, audit_leaves
from zkperf.ledger.log.checkpoint import Checkpoint, Cosigner, Signer
from zkperf.ledger.log.merkle import Tree, leaf_hash
from zkperf.ledger.signing import log_origin
from zkperf.ledger.state import Phase
from zkperf.ledger.transactions import (
    Batch,
    Checked,
    ComplaintRefused,
    DealCommitted,
    DealPosted,
    Issue,
    ResultPosted,
    RoundClosed,
    RoundKeys,
    RoundOpened,
    SchemePosted,
    SumsPosted,
)
from zkperf.roles.auditor import CHECKS

# -- honest ledgers ---------------------------------------------------------------------------------


def test_nothing_is_wrong_with_an_honest_ledger(story: Story) -> None:
    report = audit_leaves(story.leaves, story.note, story.ledger)
    assert report.ok and report.origin_verified
    assert report.genesis == story.ledger.hex()
    assert tuple(report.failures) == CHECKS and not any(report.failures.values())
    assert report.ratings == len(ANSWERS_A) + 2 + 2
    assert report.open_rounds == ["second: open"]


def test_the_report_as_json(story: Story) -> None:
    found = audit_leaves(story.leaves, story.note, story.ledger).to_json()
    assert set(found) == {
        "ok", "genesis", "origin_verified", "expected", "size", "root", "ratings", "verified", "known",
        "part", "checks", "cohorts", "figures", "refused", "contradicted", "open_rounds", "silent_members",
        "abandoned", "lost", "rehearsal", "shared_services", "seconds",
    }  # fmt: skip
    assert found["checks"] == [{"name": name, "passed": True, "failures": []} for name in CHECKS]
    leaves = changed(story, {1: b"?"})
    broken = audit_leaves(leaves, story.checkpoint(leaves)).to_json()
    [encoding] = [entry for entry in broken["checks"] if entry["name"] == "encoding"]
    assert not broken["ok"] and not encoding["passed"]
    assert encoding["failures"][0]["index"] == 1 and encoding["failures"][0]["reason"]


def test_the_origin_is_verified_only_by_whoever_knows_the_genesis(story: Story) -> None:
    unknown = audit_leaves(story.leaves, story.note)
    assert unknown.ok and not unknown.origin_verified
    other = audit_leaves(story.leaves, story.note, bytes(32))
    assert not other.origin_verified
    assert failures(other) == {"genesis": [0]}


def test_anonymity_sets_are_counted_when_a_rating_first_appears(tmp_path: Path) -> None:
    world = World.create(tmp_path / "ledger")
    found = world.open_round(("A", "B"))
    rated = world.rate(found, [{"recommend": "good"}] * 4)  # k_min is 2: a batch of 2 enters
    entered = set(found.cohort(1).ratings)
    assert len(entered) == 2
    world.rate(found, [{"recommend": "good"}] * 3)
    for citizen, token, core in rated:
        if core.pseudonym in entered:  # both replace their ratings, which enter with the last batch
            again = token.model_copy(update={"next_sequence": 1})
            world.send(*citizen.rate(again, {"recommend": "poor"}))
    world.close_round(found)
    a, b = world.audit().cohorts
    assert (a.unit, a.ratings, a.issued) == ("A", 7, 7)
    # Whoever saw the first batch knows that these two pseudonyms are among the first four.
    assert a.anonymity_set == 4
    assert (b.unit, b.ratings, b.issued, b.anonymity_set) == ("B", 0, 0, None)


def test_a_log_that_stops_earlier_passes_and_shows_where_each_round_stands(story: Story) -> None:
    """Under its own checkpoint it is a valid prefix; that there is more, other checkpoints tell."""
    closed, sums = story.places(RoundClosed)[0], story.places(SumsPosted)
    totalling = sums[-1]
    for size, phase in (
        (1, None),
        (6, "commit"),
        (closed, "open"),
        (closed + 1, "closed"),
        (totalling, "optional"),
    ):
        leaves = story.leaves[:size]
        report = audit_leaves(leaves, story.checkpoint(leaves), story.ledger)
        assert report.ok, (size, failures(report))
        assert (phase is None) == (report.open_rounds == [])
        assert phase is None or phase in report.open_rounds[0]


@pytest.mark.parametrize("size", [1, 7, 25])
def test_how_many_leaves_are_applied_at_a_time_does_not_matter(
    story: Story, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves = changed(story, {story.places(Core)[1]: story.leaves[story.places(Core)[-1]], 5: b"?"})
    whole = failures(audit_leaves(leaves, story.note, story.ledger))
    monkeypatch.setattr("zkperf.roles.auditor.CHUNK", size)
    assert failures(audit_leaves(leaves, story.note, story.ledger)) == whole
    assert audit_leaves(story.leaves, story.note, story.ledger).ok


# -- the log as a whole -----------------------------------------------------------------------------


def test_a_log_that_is_not_its_checkpoints(story: Story) -> None:
    leaves = story.leaves
    shorter = leaves[:-1]
    assert "log" in check(story, shorter, story.note)
    assert "log" in check(story, leaves, story.checkpoint(shorter))
    assert "log" in check(story, [*leaves, leaves[-1]], story.note)
    assert check(story, [], story.note) == {"log": [None]}
    swapped = [*leaves[:17], leaves[18], leaves[17], *leaves[19:]]  # two issuances: allowed, but not signed
    assert but_for_the_tally(check(story, swapped, story.note)) == {"log": [None]}


def test_a_checkpoint_that_is_not_the_ledgers(story: Story, tmp_path: Path) -> None:
    mallory = Ed25519PrivateKey.generate()
    other = World.create(tmp_path / "other")
    witness = Cosigner("witness.example", Ed25519PrivateKey.generate())
    for note in (
        sign_checkpoint(mallory, story.ledger, story.leaves),
        sign_checkpoint(story.key("sequencer"), bytes(32), story.leaves),
        other.consortium.ledger.checkpoint(),
        witness.cosign(story.note, 1_800_000_000),  # a line that the auditor cannot check
        story.note.replace("\n", "\r\n"),
        story.note[:-1],
        "",
        "\n\n",
        "no note at all",
    ):
        assert check(story, story.leaves, note) == {"log": [None]}


def test_a_checkpoint_of_the_right_root_and_another_size(story: Story) -> None:
    tree = Tree()
    tree.extend(map(leaf_hash, story.leaves))
    origin = log_origin(story.ledger)
    note = Signer(origin, story.key("sequencer")).sign(Checkpoint(origin, tree.size + 1, tree.root()))
    assert check(story, story.leaves, note) == {"log": [None]}


def test_every_byte_of_the_checkpoint_counts(story: Story) -> None:
    good = story.checkpoint(story.leaves[:1])
    assert check(story, story.leaves[:1], good) == {}
    for place in range(len(good)):
        note = good[:place] + chr(ord(good[place]) ^ 1) + good[place + 1 :]
        assert check(story, story.leaves[:1], note) == {"log": [None]}


# -- any change to a leaf ---------------------------------------------------------------------------


def test_one_changed_byte_in_any_leaf_is_found_there(story: Story) -> None:
    random = Random(406)
    for index, leaf in enumerate(story.leaves):
        at, flip = random.randrange(len(leaf)), random.randrange(1, 256)
        forged = leaf[:at] + bytes([leaf[at] ^ flip]) + leaf[at + 1 :]
        found = check(story, [*story.leaves[:index], forged])
        assert any(index in places for places in found.values()), (index, at, flip, found)
        if index % 10 == 0:
            assert None in check(story, changed(story, {index: forged}), story.note)["log"]


def test_a_leaf_twice_is_found_at_the_second(story: Story) -> None:
    for index, leaf in enumerate(story.leaves):
        found = check(story, [*story.leaves[: index + 1], leaf])
        assert any(index + 1 in places for places in found.values()), (index, found)


DISPENSABLE = (ComplaintRefused,)
"""Without these a log is still a valid one; only an earlier checkpoint tells that they were there."""


def test_a_leaf_left_out_is_missed_later(story: Story) -> None:
    last_round = story.places(RoundOpened)[1]
    for index in range(1, last_round):
        if isinstance(story.at(index), DISPENSABLE):
            continue
        leaves = [*story.leaves[:index], *story.leaves[index + 1 :]]
        if index == story.places(SchemePosted)[1] or index == story.places(ResultPosted)[0]:
            continue  # unused so far; and the first round's last leaf
        assert check(story, leaves), index


def test_the_second_rounds_leaves_are_missed_as_far_as_others_rest_on_them(story: Story) -> None:
    start = story.places(RoundOpened)[1]
    batch = story.places(Batch)[-1]
    for index in range(start, batch):
        found = check(story, [*story.leaves[:index], *story.leaves[index + 1 :]])
        # Two of the five issuances have no rating yet.
        assert bool(found) == (not isinstance(story.at(index), Issue)), (index, found)


def test_leaves_in_another_order(story: Story) -> None:
    def swap(one: int, two: int) -> dict[str, list[int | None]]:
        return check(story, changed(story, {one: story.leaves[two], two: story.leaves[one]}))

    first_batch = story.places(Batch)[0]
    assert swap(first_batch + 1, first_batch + 2)["batches"] == [first_batch + 2]
    deals, commitments = story.places(DealPosted), story.places(DealCommitted)
    assert "key generation" in swap(commitments[0], deals[0])
    checked, sums = story.places(Checked), story.places(SumsPosted)
    assert swap(checked[0], sums[0])["openings"][0] == checked[0]
    assert "results" in swap(story.places(ResultPosted)[0], sums[-1])
    assert "issuance" in swap(story.places(Issue)[0], story.places(RoundKeys)[0])
    assert "genesis" in swap(0, 1)


def test_a_ledger_without_a_genesis(story: Story) -> None:
    found = check(story, story.leaves[1:])
    assert found["genesis"] == list(range(len(story.leaves) - 1)) or 0 in found["genesis"]
    assert None in found["log"]


def test_a_log_that_ends_within_a_batch(story: Story) -> None:
    batch = story.places(Batch)[0]
    assert check(story, story.leaves[: batch + 2]) == {"batches": [batch + 2]}


# -- rounds of figures --------------------------------------------------------------------------------


def test_drawn_figures_that_nobody_was_shown_are_named() -> None:
    bench = in_phase(Phase.INSPECTING, draw=2).fork()
    shown, kept = bench.figures.drawn
    names = {unit: name for name, unit in UNITS.items()}
    bench.apply(bench.attested(names[shown.unit], [shown.indicator]))
    # The first deadline begins the time for inspections, the second ends it.
    bench.apply(bench.deadline())
    bench.apply(bench.deadline())
    ledger, sequencer = bench.state.ledger, bench.folder.keys("sequencer").signing_key()
    report = audit_leaves(bench.leaves, sign_checkpoint(sequencer, ledger, bench.leaves), ledger)
    assert report.ok
    expected = {
        "period": bench.figures.opened.period,
        "provider": names[kept.unit],
        "indicator": bench.figures.scheme.scheme.indicators[kept.indicator].id,
    }
    assert report.to_json()["refused"] == [expected]
    assert (report.figures["drawn"], report.figures["refused"]) == (2, 1)
