"""The facts of a node, and what is left open where they cannot be known."""

from __future__ import annotations

import json
import os

from mood_platform.nodes.facts import node_facts


def test_a_node_without_an_engine_still_knows_itself() -> None:
    facts = node_facts(docker_url="unix:///tmp/there-is-no-engine.sock", gpu=None)
    assert facts["engine"] is None
    assert facts["cores"] == os.cpu_count()
    assert facts["memory"] > 2**28
    assert facts["cpu"]
    assert (facts["gpu"], facts["driver"]) == (None, None)


def test_the_facts_are_the_same_every_time_and_fit_into_json() -> None:
    first, second = (node_facts(docker_url="unix:///tmp/none.sock", gpu=None) for _ in range(2))
    assert first == second == json.loads(json.dumps(first))
