"""The contracts' error numbers, generated from their sources by contracts/errors.py."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ContractError:
    """One `(err uN)` of a contract."""

    number: int
    name: str
    meaning: str
    contract: str


_ERRORS: Final[dict[str, dict[int, tuple[str, str]]]] = {
    "policy-registry": {
        100: ("NOT_OWNER", "the caller is not the owner"),
        101: ("NOT_POOL", "the caller is not the liquidity pool"),
        102: ("NOT_BACKEND", "the caller is neither the backend nor the pool"),
        103: ("NOT_GUARDIAN", "the caller is not the guardian, nor the owner where the owner may"),
        104: ("SALES_PAUSED", "sales are paused"),
        105: ("SETTLEMENTS_PAUSED", "settlements are paused"),
        106: ("TERMS", "a term of the quote is outside its bounds"),
        107: ("QUOTE_LAPSED", "the quote is no longer valid, by height or by time"),
        108: ("QUOTE_USED", "the quote has been bought already"),
        109: ("QUOTE_SIGNATURE", "the quote is not signed by enough quote keys"),
        110: ("PRICE_RULE", "no rule allows the price of this height here"),
        111: ("ATTESTATION", "the price is not signed by enough attestors as the rule demands"),
        112: ("UNDERPRICED", "the policy would pay more at once than it costs"),
        113: ("UNKNOWN_POLICY", "there is no such policy"),
        114: ("STATUS", "the policy's status does not allow it"),
        115: ("TOO_EARLY", "the policy's deadline has not passed"),
        116: ("OUT_OF_THE_MONEY", "the policy pays nothing at this price"),
        117: ("NOT_HOLDER", "the caller is not the policy's owner"),
        118: ("ORDER_LAPSED", "the holder's order is no longer valid"),
        119: ("ORDER_SIGNATURE", "the order is not signed by the policy's owner"),
        120: ("ORDER_MINIMUM", "the policy pays less than the order demands"),
        121: ("UNKNOWN_NAME", "no role, key, parameter or pause of that name"),
        122: ("BOUNDS", "a value is outside its bounds"),
        123: ("UNKNOWN_CHANGE", "no such change is waiting, or it was voided"),
        124: ("TIMELOCK", "the change's timelock has not passed"),
        125: ("CHANGE_LAPSED", "the change was not executed in time"),
        126: ("KEYS_LEFT", "a role would have fewer keys than must sign"),
        127: ("SEALED", "the pool has been set, once and for all"),
        128: ("PAUSE_LIMIT", "a pause of that kind ended too short a time ago"),
        129: ("TOO_LATE", "the policy is too near its expiry"),
        130: ("REQUESTED", "an earlier request can still be settled"),
        131: ("IN_THE_MONEY", "the policy pays at the price of its expiry"),
    },
    "liquidity-pool": {
        200: ("NOT_DIRECT", "whoever moves their own money calls directly, not through a contract"),
        201: ("NOT_OWNER_OF_TERMS", "the caller is not the owner named in the terms"),
        202: ("NOT_BACKEND", "the caller is not the backend"),
        203: ("CLOSED", "the pool is closed for ever"),
        204: ("NOT_CLOSED", "the pool is still open"),
        205: ("PAUSED", "deposits (with sales) or withdrawals are paused"),
        206: ("TIER", "there is no such tier"),
        207: ("AMOUNT", "the amount is zero, or below the smallest deposit"),
        208: ("VOUCHER_LAPSED", "the voucher is no longer valid"),
        209: ("SERIAL_USED", "the voucher has been used already"),
        210: ("VOUCHER_SIGNATURE", "the voucher is not signed by enough voucher keys"),
        211: ("AVAILABLE", "more than the sats available"),
        212: ("YIELD_CAP", "the provider would have taken out more than its deposits and the yield cap"),
        213: ("OUTFLOW_LIMIT", "this window's withdrawals would pass their limit"),
        214: ("PROFIT_LIMIT", "this window's profits would pass their limit"),
        215: ("SALE_LIMIT", "this window's sales would pass their limit"),
        216: ("NO_COLLATERAL", "no collateral is held for the policy"),
        217: ("NOTHING_TO_RELEASE", "none of the policies can be released"),
        218: ("BUFFER", "the buffer would pass its share, or is smaller than the amount"),
        219: ("LIABILITIES", "the root is malformed, out of order or claims more than the vault"),
        220: ("NOT_SILENT", "the last root is too recent for the way out"),
        221: ("PROOF", "the leaf is not under the last root"),
        222: ("NOTHING_DUE", "nothing is due to the provider now"),
        223: ("PRICE_PROOF", "the price of the proof is not signed by enough attestors"),
    },
}

CONTRACT_ERRORS: Final = {
    number: ContractError(number, name, meaning, contract)
    for contract, errors in _ERRORS.items()
    for number, (name, meaning) in errors.items()
}
"""Every error number of both contracts; no number stands for two things."""
