from __future__ import annotations

import gc
import weakref

import pytest

from zkperf.cli.collector import OLD, seldom_collecting


class Node:
    itself: Node


def test_the_state_is_left_alone_and_garbage_is_not() -> None:
    """What is there is not looked at any more, what piles up is, and afterwards all is as it was."""
    before = gc.get_threshold()
    with pytest.raises(RuntimeError), seldom_collecting():
        assert gc.get_threshold()[2] == OLD and gc.get_freeze_count() > 0
        node = Node()
        node.itself = node
        gone = weakref.ref(node)
        del node
        piled = [[] for _ in range(200_000)]  # type: list[list[int]]
        assert gone() is None, "a cycle is found among objects that pile up"
        assert len(piled) == 200_000
        raise RuntimeError
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
