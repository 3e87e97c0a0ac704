"""Kinds of nodes are counted by what they say of themselves."""

from mood_platform.documents.node_class import NodeClass, summed_up


def test_cases_of_one_kind_are_summed_and_written_beside_its_facts() -> None:
    nodes = [NodeClass(cases=2, facts={"cpu": "a"}), NodeClass(cases=1, facts={"cpu": "b"})]
    found = summed_up([*nodes, NodeClass(cases=3, facts={"cpu": "a"})])
    assert {(one.cases, one.facts["cpu"]) for one in found} == {(5, "a"), (1, "b")}
    for one in found:
        assert NodeClass.from_json(one.to_json(), place="a node") == one
    assert list(nodes[0].to_json()) == ["cases", "cpu"]
