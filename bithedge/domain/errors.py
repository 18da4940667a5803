"""Every refusal the product can give, one class a code.

All are leaves under `DomainError`, grouped as the checks are made:

- The thing named does not exist.
  `unknown_policy` `unknown_quote` `unknown_provider`
- The sender is not who may ask this.
  `invalid_signature` `message_expired` `not_owner`
- The state of the thing forbids it.
  `quote_expired` `quote_used` `price_moved` `message_used` `policy_not_active` `policy_expired`
  `not_in_the_money` `pool_closed`
- A sound figure lies outside a limit.
  `insufficient_capacity` `insufficient_free_balance` `insufficient_funds` `health_check_failed`
  `tier_capacity_exceeded` `strike_out_of_range` `tenor_out_of_range` `amount_out_of_range` `uneconomic`
  `foreign_transaction` `transaction_rejected`
- Too much at once.
  `too_many_reservations` `busy`
- The means are missing for now.
  `oracle_stale` `node_unreachable` `selling_paused` `withdrawals_paused` `settlement_paused` `not_ready`
  `shutting_down`
- The request itself is wrong.
  `validation_failed` `malformed_transaction`
"""

from typing import ClassVar


class DomainError(Exception):
    """A typed refusal: nothing has changed, and the asker may know why.

    Args:
        message: what was wrong, in words that can be shown.
        field: the dotted path of the figure that was refused.
        limit: the nearest value that would pass.
        actual: the value that was refused.
        context: further facts of this code, e.g. `health` or `reason`.
    """

    code: ClassVar[str]

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        limit: int | str | None = None,
        actual: int | str | None = None,
        **context: object,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.limit = limit
        self.actual = actual
        self.context = context


class UnknownPolicyError(DomainError):
    """No policy has this id."""

    code = "unknown_policy"


class UnknownQuoteError(DomainError):
    """No quote has this id: never given, or gone with a restart or its height."""

    code = "unknown_quote"


class UnknownProviderError(DomainError):
    """This address has never provided."""

    code = "unknown_provider"


class InvalidSignatureError(DomainError):
    """The signature is not one over this command by this address's key."""

    code = "invalid_signature"


class MessageExpiredError(DomainError):
    """The signed message is older than it may be."""

    code = "message_expired"


class NotOwnerError(DomainError):
    """The signature is sound, but not the owner's."""

    code = "not_owner"


class QuoteExpiredError(DomainError):
    """The quote's last height or time has passed."""

    code = "quote_expired"


class QuoteUsedError(DomainError):
    """The quote has been bought."""

    code = "quote_used"


class PriceMovedError(DomainError):
    """Spot moved against the pool by more than a quote tolerates."""

    code = "price_moved"


class MessageUsedError(DomainError):
    """The signed message has already done its work."""

    code = "message_used"


class PolicyNotActiveError(DomainError):
    """The policy is not active yet, or no longer."""

    code = "policy_not_active"


class PolicyExpiredError(DomainError):
    """The last height for exercise has passed."""

    code = "policy_expired"


class NotInTheMoneyError(DomainError):
    """Exercise would pay nothing, or less than the holder's minimum."""

    code = "not_in_the_money"


class PoolClosedError(DomainError):
    """The pool is closed for ever; settling and leaving go on."""

    code = "pool_closed"


class InsufficientCapacityError(DomainError):
    """The tier cannot back this much now; `limit` is the largest sellable."""

    code = "insufficient_capacity"


class InsufficientFreeBalanceError(DomainError):
    """The provider has less free and earned than it asks for."""

    code = "insufficient_free_balance"


class InsufficientFundsError(DomainError):
    """The address does not hold the premium."""

    code = "insufficient_funds"


class HealthCheckFailedError(DomainError):
    """The withdrawal would do too much to the others; `context` has `health`."""

    code = "health_check_failed"


class TierCapacityExceededError(DomainError):
    """The deposit passes what the tier takes in."""

    code = "tier_capacity_exceeded"


class StrikeOutOfRangeError(DomainError):
    """No tier asked backs this strike, or spot is already past floor or ceiling."""

    code = "strike_out_of_range"


class TenorOutOfRangeError(DomainError):
    """The policy would be shorter or longer than the tier backs."""

    code = "tenor_out_of_range"


class AmountOutOfRangeError(DomainError):
    """A figure is below or above what is taken."""

    code = "amount_out_of_range"


class UneconomicError(DomainError):
    """The premium reaches the max payout."""

    code = "uneconomic"


class ForeignTransactionError(DomainError):
    """The transaction calls something else than our contracts."""

    code = "foreign_transaction"


class TransactionRejectedError(DomainError):
    """The node refused it; `context` has `reason` and `reason_data`."""

    code = "transaction_rejected"


class TooManyReservationsError(DomainError):
    """The owner has its share of reservations, or is paused after one lapsed."""

    code = "too_many_reservations"


class BusyError(DomainError):
    """A mailbox or queue is full."""

    code = "busy"


class OracleStaleError(DomainError):
    """There is no price fresh enough."""

    code = "oracle_stale"


class NodeUnreachableError(DomainError):
    """No Stacks node answers."""

    code = "node_unreachable"


class SellingPausedError(DomainError):
    """A breaker, the operator or the guardian paused sales."""

    code = "selling_paused"


class WithdrawalsPausedError(DomainError):
    """Withdrawals are paused."""

    code = "withdrawals_paused"


class SettlementPausedError(DomainError):
    """Settlements are paused."""

    code = "settlement_paused"


class NotReadyError(DomainError):
    """The daemon has not caught up yet."""

    code = "not_ready"


class ShuttingDownError(DomainError):
    """The daemon is stopping and takes nothing new."""

    code = "shutting_down"


class ValidationFailedError(DomainError):
    """A field is missing, unknown, or of the wrong shape."""

    code = "validation_failed"


class MalformedTransactionError(DomainError):
    """The bytes are no transaction of this network."""

    code = "malformed_transaction"
