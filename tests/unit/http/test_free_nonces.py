from http_scene import Scene

from bithedge.domain.ids import Address
from bithedge.http.node_reads import nonces_of
from bithedge.stacks.node_types import Account, MempoolNonces, PrincipalNonces

ALICE = Address("ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5")


class OneWaits:
    """The API's habit: the last waiting nonce is not among those it calls pending."""

    async def account(self, _: str) -> Account:
        return Account(balance_ustx=9_000, locked_ustx=0, nonce=5)

    async def principal_nonces(self, _: str) -> PrincipalNonces:
        return PrincipalNonces(next_nonce=6, mempool=MempoolNonces(last_nonce=5))


async def test_the_nonce_of_the_one_transaction_that_waits_is_not_given_out_again(scene: Scene) -> None:
    scene.node.lead(OneWaits())

    nonces = await nonces_of(scene.system, ALICE)

    assert nonces.next == 6
    assert nonces.waiting == (5,)
