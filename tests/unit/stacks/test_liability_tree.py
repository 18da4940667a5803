import pytest

from bithedge.stacks.c32 import encode_address
from bithedge.stacks.clarity_python import to_python
from bithedge.stacks.hashes import sha256
from bithedge.stacks.liabilities import EMPTY_ROOT, Leaf, LiabilityTree, proof_to_clarity, root_of


def a_leaf(number: int) -> Leaf:
    return Leaf(encode_address(26, sha256(bytes((number,)))[:20]), 1_000 + number, 900, number)


@pytest.mark.parametrize("count", range(1, 18))
def test_every_provider_can_prove_its_leaf_whatever_their_number(count: int) -> None:
    tree = LiabilityTree([a_leaf(number) for number in range(count)])

    for leaf in tree.leaves:
        proof = tree.proof(leaf.provider)
        assert root_of(leaf, proof) == tree.root
        assert len(proof) <= 5


def test_the_root_does_not_depend_on_the_order_given() -> None:
    leaves = [a_leaf(number) for number in range(9)]

    assert LiabilityTree(leaves).root == LiabilityTree(leaves[::-1]).root


def test_an_odd_node_rises_unchanged() -> None:
    first, second, third = LiabilityTree([a_leaf(number) for number in range(3)]).leaves
    pair = sha256(b"\x01" + first.hash() + second.hash())

    assert LiabilityTree([first, second, third]).root == sha256(b"\x01" + pair + third.hash())


def test_a_leaf_with_one_sat_more_leads_to_another_root() -> None:
    tree = LiabilityTree([a_leaf(number) for number in range(5)])
    honest = tree.leaves[2]
    greedy = Leaf(honest.provider, honest.equity + 1, honest.deposited, honest.withdrawn)

    assert root_of(greedy, tree.proof(honest.provider)) != tree.root


def test_nobody_owed_is_a_root_of_zeros_and_strangers_have_no_proof() -> None:
    assert LiabilityTree([]).root == EMPTY_ROOT
    with pytest.raises(KeyError):
        LiabilityTree([a_leaf(1)]).proof(a_leaf(2).provider)


def test_the_arguments_of_a_way_out_have_the_contracts_fields() -> None:
    tree = LiabilityTree([a_leaf(number) for number in range(2)])
    leaf = tree.leaves[1]

    assert set(to_python(leaf.to_clarity())) == {"equity", "deposited", "withdrawn"}
    assert to_python(proof_to_clarity(tree.proof(leaf.provider))) == [
        {"left": True, "sibling": tree.leaves[0].hash()}
    ]
