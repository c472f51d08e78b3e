"""Audits in parts, and audits that go on where the last one ended."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from circuits.rating import Core
from tests.roles.eventful import Story, changed, failures, sign_checkpoint
from tests.world import World
from zkperf.errors import EncodingError, InputError
from zkperf.ledger.export import read_export, write_export
from zkperf.ledger.log.merkle import Tree, leaf_hash
from zkperf.ledger.transactions import (
    Batch,
    ComplaintPosted,
    Issue,
    RoundClosed,
    digest,
    encode_transaction,
    stays_bytes,
)
from zkperf.roles.audit_parts import WHOLE, Known, Part
from zkperf.roles.auditor import Audit, PublicLog, Reading, audit
from zkperf.roles.software import software_digest


def run(story: Story, leaves: list[bytes] | None = None, note: str | None = None, **options: object) -> Audit:
    leaves = story.leaves if leaves is None else leaves
    note = story.checkpoint(leaves) if note is None else note
    log = PublicLog(len(leaves), leaves, leaves.__getitem__, lambda: note)
    return audit(log, story.ledger, **options)  # type: ignore[arg-type]


def with_bad_proof(story: Story, place: int) -> list[bytes]:
    """The ledger's leaves; the rating at ``place`` has another's proof."""
    core = story.at(place)
    cores = [story.at(index) for index in story.places(Core)]
    other = next(it for it in cores if it.proof != core.proof and len(it.proof) == len(core.proof))
    return changed(story, {place: encode_transaction(core.model_copy(update={"proof": other.proof}))})


def with_bad_signature(story: Story, place: int) -> list[bytes]:
    issue = story.at(place)
    return changed(story, {place: encode_transaction(issue.model_copy(update={"signature": bytes(64)}))})


def part_with(place: int) -> tuple[Part, Part]:
    """The tile of a leaf, and all tiles after it, with tiles of one leaf each."""
    return Part(place, place + 1), Part(place + 1)


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zkperf.roles.audit_parts.TILE_WIDTH", 1)


# -- parts ------------------------------------------------------------------------------------------


def test_the_whole_verifies_every_rating(story: Story) -> None:
    report = run(story)
    assert report.ok and report.verified == len(story.places(Core))
    assert report.to_json()["part"] is None


@pytest.mark.usefixtures("small_tiles")
def test_parts_by_tiles_verify_everything_once(story: Story) -> None:
    middle = story.places(Core)[4]
    parts = [Part(0, middle), Part(middle, middle + 1), Part(middle + 1)]
    reports = [run(story, part=part) for part in parts]
    assert all(report.ok for report in reports)
    assert sum(report.verified for report in reports) == len(story.places(Core))
    assert reports[1].verified == 1
    assert reports[1].to_json()["part"] == {"leaves": [middle, middle + 1], "cohorts": []}


@pytest.mark.usefixtures("small_tiles")
def test_a_bad_proof_is_found_by_the_part_that_has_it_and_no_other(story: Story) -> None:
    place = story.places(Core)[-1]
    leaves = with_bad_proof(story, place)
    its, others = part_with(place)
    assert failures(run(story, leaves, part=its)) == {"proofs": [place]}
    assert run(story, leaves, part=others).ok
    assert run(story, leaves, part=Part(0, place)).ok


def test_a_malformed_rating_is_blamed_alone_also_by_the_parts_that_believe_it(story: Story) -> None:
    place = story.places(Core)[2]
    core = story.at(place)
    identities = tuple(bytes(32) for _ in core.commitments)
    leaves = changed(story, {place: encode_transaction(core.model_copy(update={"commitments": identities}))})
    whole = failures(run(story, leaves))
    assert whole["encoding"] == [place]
    assert failures(run(story, leaves, part=Part(10**6))) == whole


@pytest.mark.usefixtures("small_tiles")
def test_a_bad_signature_of_an_issuance_is_found_by_its_part(story: Story) -> None:
    place = story.places(Issue)[-1]
    leaves = with_bad_signature(story, place)
    its, others = part_with(place)
    assert place in failures(run(story, leaves, part=its))["signatures"]
    assert run(story, leaves, part=others).ok


@pytest.mark.usefixtures("small_tiles")
def test_parts_of_different_logs_are_told_apart(story: Story) -> None:
    """An operator hands each worker another log, forged where that worker does not look."""
    *_, before, place = story.places(Core)
    its, others = part_with(before)
    mine, theirs = with_bad_proof(story, place), with_bad_proof(story, before)
    first, second = run(story, mine, part=its), run(story, theirs, part=others)
    assert first.ok and second.ok
    assert (first.genesis, first.ratings, first.size) == (second.genesis, second.ratings, second.size)
    assert first.root != second.root
    tree = Tree()
    tree.extend(map(leaf_hash, mine))
    assert first.to_json()["root"] == tree.root().hex() and first.size == len(mine)


def test_parts_by_cohort(story: Story) -> None:
    sizes = {}
    second = [place for place in story.places(Core) if story.at(place).round == story.second.digest]
    for name in ("A", "B", "C", "D"):
        report = run(story, part=Part(cohorts=frozenset({name})))
        assert report.ok and report.unknown_cohorts == []
        sizes[name] = report.verified
    assert sum(sizes.values()) == len(story.places(Core)) - len(second) and sizes["D"] == 0
    place = story.places(Core)[-1]
    cohort = story.at(place)
    name = story.second.opened.units[cohort.unit].name
    leaves = with_bad_proof(story, place)
    assert failures(run(story, leaves, part=Part(cohorts=frozenset({name})))) == {"proofs": [place]}
    other = {"A", "B", "C"} - {name}
    assert run(story, leaves, part=Part(cohorts=frozenset(other))).ok


def test_a_cohort_that_is_nowhere_is_said(story: Story) -> None:
    assert run(story, part=Part(cohorts=frozenset({"A", "Atlantis"}))).unknown_cohorts == ["Atlantis"]


def test_every_part_applies_the_rules_and_hashes_the_log(story: Story) -> None:
    nothing = Part(10**6)
    assert run(story, part=nothing).verified == 0
    twice = changed(story, {story.places(Core)[1]: story.leaves[story.places(Core)[0]]})
    assert "batches" in failures(run(story, twice, part=nothing))
    assert "log" in failures(run(story, story.leaves[:-1], story.note, part=nothing))


@pytest.mark.parametrize(
    ("tiles", "expected"),
    [(None, (0, None)), (":", (0, None)), ("3:", (3, None)), (":7", (0, 7)), ("3:7", (3, 7))],
)
def test_ranges(tiles: str | None, expected: tuple[int, int | None]) -> None:
    part = Part.parse(tiles, ())
    assert (part.first, part.stop) == expected
    assert (part == WHOLE) == (expected == (0, None))


@pytest.mark.parametrize("tiles", ["", "3", "a:b", "-1:3", "1:2:3", "7:3", "3:3", "٣:4", " 1:2", "0:0"])
def test_what_is_no_range(tiles: str) -> None:
    if tiles == "":
        assert Part.parse(tiles, ()) == WHOLE
        return
    with pytest.raises(InputError, match="--range"):
        Part.parse(tiles, ())


# -- going on where the last audit ended ------------------------------------------------------------


def known_up_to(story: Story, size: int) -> Known:
    leaves = story.leaves[:size]
    known = run(story, leaves).verified_log
    assert known is not None and known.size == size
    return known


@pytest.mark.parametrize("chunk", [1, 5, 4096])
def test_only_what_is_new_is_verified(story: Story, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zkperf.roles.auditor.CHUNK", chunk)
    ratings = story.places(Core)
    for size in (
        1,
        story.places(Batch)[0],
        story.places(RoundClosed)[0],
        story.places(Batch)[-1],
        len(story.leaves),
    ):
        report = run(story, known=known_up_to(story, size))
        assert report.ok
        assert report.verified == sum(place >= size for place in ratings)
        assert report.verified_log == known_up_to(story, len(story.leaves))


def test_what_was_verified_is_bound_to_its_checkpoint(story: Story) -> None:
    place = story.places(Core)[-1]
    leaves = with_bad_proof(story, place)
    known = known_up_to(story, len(story.leaves))
    report = run(story, leaves, known=known)
    assert failures(report) == {"log": [None]} and report.verified_log is None
    assert "does not continue" in report.failures["log"][0].reason
    assert "proofs" in failures(run(story, leaves))


def test_a_log_that_is_shorter_than_what_is_known(story: Story) -> None:
    shorter = story.leaves[: story.places(Batch)[-1]]
    report = run(story, shorter, known=known_up_to(story, len(story.leaves)))
    assert failures(report) == {"log": [None]} and report.verified_log is None


def test_a_new_leaf_that_is_bad_is_found_and_nothing_is_kept(story: Story) -> None:
    place = story.places(Core)[-1]
    report = run(story, with_bad_proof(story, place), known=known_up_to(story, story.places(Batch)[-1]))
    assert failures(report) == {"proofs": [place]} and report.verified_log is None


def test_a_part_is_not_kept_as_the_whole(story: Story) -> None:
    assert run(story, part=Part(0, 10**6)).verified_log is None


def test_the_state_file(story: Story, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    assert Known.load(file) is None
    known = known_up_to(story, 7)
    known.save(file)
    assert Known.load(file) == known and known.trusted
    newer = known_up_to(story, 8)
    newer.save(file)
    assert Known.load(file) == newer
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_what_other_software_verified_is_verified_again(story: Story) -> None:
    """A forged rating that other rules took for valid is found, under any version number."""
    place = story.places(Core)[-1]
    leaves = with_bad_proof(story, place)
    tree = Tree()
    tree.extend(map(leaf_hash, leaves))
    note = story.checkpoint(leaves)
    # What an audit with laxer rules left behind:
    lax = Known(story.ledger, tree.size, tree.root(), note, software="0" * 64)
    found = run(story, leaves, known=lax)
    assert failures(found) == {"proofs": [place]} and found.known == 0
    assert found.verified == len(story.places(Core))
    # Had it been this software, it would have been believed.
    assert run(story, leaves, known=replace(lax, software=software_digest())).ok


def test_the_log_has_to_continue_what_other_software_verified(story: Story) -> None:
    known = replace(known_up_to(story, len(story.leaves)), software="0" * 64)
    shorter = story.leaves[: story.places(Batch)[-1]]
    assert failures(run(story, shorter, known=known)) == {"log": [None]}


def test_the_state_of_another_ledger(story: Story, tmp_path: Path) -> None:
    other = World.create(tmp_path / "other").consortium.ledger
    genesis = other.leaf(0)
    log = PublicLog(1, [genesis], [genesis].__getitem__, other.checkpoint)
    report = audit(log, known=known_up_to(story, 1))
    assert failures(report) == {"log": [None]}
    assert "another ledger" in report.failures["log"][0].reason
    assert audit(log, known=audit(log).verified_log).ok


def test_a_checkpoint_of_what_is_known_that_the_log_key_did_not_sign(story: Story) -> None:
    """It would be no evidence of a fork, of which the auditor speaks."""
    leaves = story.leaves[:7]
    forged = sign_checkpoint(Ed25519PrivateKey.generate(), story.ledger, leaves)
    report = run(story, known=replace(known_up_to(story, 7), note=forged))
    assert failures(report) == {"log": [None]} and "not signed" in report.failures["log"][0].reason


def test_an_audit_that_fails_at_the_very_end_keeps_nothing(story: Story) -> None:
    within = story.leaves[: story.places(Batch)[0] + 1]
    report = run(story, within)
    assert failures(report) == {"batches": [len(within)]} and report.verified_log is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"format": "zkperf-audit/2"}',
        '{"format": "zkperf-audit/1"}',
        "\xff",
        "[" * 10**5,
    ],
)
def test_a_file_that_is_no_state_is_not_overwritten(text: str, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text(text, "latin-1")
    with pytest.raises(InputError, match=r"notes\.txt"):
        Known.load(file)


@pytest.mark.parametrize("change", [{"size": 8}, {"root": "00" * 32}, {"checkpoint": ""}, {"software": None}])
def test_a_state_that_contradicts_itself(story: Story, change: dict[str, object], tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    known_up_to(story, 7).save(file)
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    if change == {"software": None}:
        found = Known.load(file)
        assert found is not None and not found.trusted
        return
    with pytest.raises(InputError, match="not the state"):
        Known.load(file)


def test_a_state_that_others_can_write_is_not_read(story: Story, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    for mode in (0o620, 0o602):
        before = os.umask(0)
        try:
            known_up_to(story, 7).save(file)
        finally:
            os.umask(before)
        assert Known.load(file) is not None
        file.chmod(mode)
        with pytest.raises(InputError, match="others can write"):
            Known.load(file)


def test_a_state_of_somebody_else_is_not_read(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "state.json"
    known_up_to(story, 7).save(file)
    monkeypatch.setattr("zkperf.roles.audit_parts.os.geteuid", lambda: os.getuid() + 1)
    if os.getuid() == 0:
        os.chown(file, 12345, -1)
    with pytest.raises(InputError, match="others can write"):
        Known.load(file)


def test_a_state_is_not_written_through_somebody_elses_link(story: Story, tmp_path: Path) -> None:
    treasure, state = tmp_path / "treasure", tmp_path / "state.json"
    treasure.write_text("precious")
    for name in ("state.json", "state.json.new"):
        (tmp_path / name).symlink_to(treasure)
    known_up_to(story, 7).save(state)
    assert treasure.read_text() == "precious" and not state.is_symlink()


def test_a_state_that_cannot_be_written(story: Story, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        known_up_to(story, 7).save(tmp_path / "missing" / "state.json")


# -- streams ----------------------------------------------------------------------------------------


def test_leaves_of_an_export_can_be_read_again(story: Story) -> None:
    file = io.BytesIO()
    write_export(story.leaves, story.note, file)
    file.seek(0)
    reader = read_export(file)
    seen = []
    for index, leaf in enumerate(reader.leaves()):
        seen.append(leaf)
        assert reader.leaf(index // 2) == story.leaves[index // 2]
    assert seen == story.leaves and reader.note() == story.note
    with pytest.raises(IndexError):
        reader.leaf(len(seen))


def test_a_log_that_breaks_off_is_audited_up_to_there(story: Story) -> None:
    place = story.places(Core)[1]
    bad = with_bad_proof(story, place)
    tree = Tree()
    tree.extend(map(leaf_hash, bad))

    def broken() -> object:
        yield from bad[:-1]
        raise EncodingError("the file ends")

    log = PublicLog(len(bad), broken(), bad.__getitem__, lambda: story.note)  # type: ignore[arg-type]
    report = audit(log, story.ledger)
    found = failures(report)
    assert place in found["proofs"]
    assert found["encoding"] == [len(bad) - 1]
    assert "could not be read" in report.failures["encoding"][0].reason


def test_what_is_in_memory_at_a_time_is_bounded_by_weight(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile log has large leaves; those that become objects weigh more than those that stay bytes."""
    monkeypatch.setattr("zkperf.roles.auditor.CHUNK_BYTES", 4000)
    log = PublicLog(len(story.leaves), story.leaves, story.leaves.__getitem__, lambda: story.note)
    chunks = [chunk for _, chunk in Reading(log, None).chunks()]
    assert [leaf for chunk in chunks for leaf in chunk] == story.leaves
    for chunk in chunks:
        weights = [len(leaf) * (1 if stays_bytes(leaf) else 8) for leaf in chunk]
        assert sum(weights[:-1]) < 4000
    assert {
        type(story.at(index)) for index in range(len(story.leaves)) if stays_bytes(story.leaves[index])
    } == {
        Core,
        Issue,
    }
    whole = run(story)
    assert whole.ok and whole.verified == len(story.places(Core))


def test_a_log_of_nothing_but_faults_does_not_fill_the_memory(story: Story) -> None:
    leaves = [story.leaves[0], *[b"?"] * 2500]
    report = run(story, leaves)
    found = report.failures["encoding"]
    assert len(found) == 1000 and not report.ok
    assert [failure.index for failure in found[:2]] == [1, 2]
    assert (found[-1].index, found[-1].reason) == (None, "1501 more failures of this kind")


def test_a_leaf_that_changes_while_the_audit_runs_is_noticed(story: Story) -> None:
    """The rating that was struck out is read again when the complaint about it is judged."""
    accused = story.at(story.places(ComplaintPosted)[0]).complaint.rating
    leaves = story.leaves
    struck = next(place for place in story.places(Core) if digest(story.at(place)) == accused)
    other = next(place for place in story.places(Core) if place != struck)
    log = PublicLog(
        len(leaves), leaves, lambda index: leaves[other if index == struck else index], lambda: story.note
    )
    report = audit(log, story.ledger)
    assert failures(report)
    assert not report.ok and report.verified_log is None
