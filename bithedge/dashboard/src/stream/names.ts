/** The event names of the journal that this client reacts to by name, and the kinds of channels. */

export const REVERTED = /Reverted$/;

export const EVENT_TITLES: Readonly<Record<string, string>> = {
  QuoteIssued: "Terms signed",
  CapacityReserved: "Max payout reserved",
  CapacityReleased: "Reservation released",
  PolicyPending: "Purchase in the mempool",
  PolicyCreated: "Policy created",
  PolicyActivationRequested: "You exercised",
  PolicyActivationFailed: "Exercise came to nothing",
  PolicyExerciseRequested: "Exercise asked for on chain",
  PolicySettling: "Price fixed",
  PolicySettled: "Paid out",
  PolicyExpiring: "Past its last block",
  PolicyExpired: "Ended unpaid",
  PolicyLapsed: "Never paid for",
  PolicyReverted: "Taken back by a reorganisation",
  PolicyAutoExerciseChanged: "Automatic exercise changed",
  CollateralAllocated: "Max payout locked for it",
  CollateralReleased: "Collateral released",
  PremiumEarned: "Premium earned",
  FundsDeposited: "Deposit arrived",
  WithdrawalRequested: "Withdrawal asked for",
  WithdrawalVoucherIssued: "Voucher signed",
  WithdrawalPending: "Withdrawal in the mempool",
  FundsWithdrawn: "Withdrawn",
  WithdrawalLapsed: "Voucher not used",
  WithdrawalReverted: "Withdrawal taken back by a reorganisation",
  TransactionPrepared: "Transaction stored",
  TransactionSent: "Transaction sent",
  TransactionReplaced: "Transaction replaced",
  TransactionConfirmed: "Transaction mined",
  TransactionFinal: "Final",
  TransactionAborted: "Mined and refused",
  TransactionReverted: "Transaction taken back by a reorganisation",
};

const STATE_CHANNEL = /^(oracle|pool|tiers|tier:.+)$/;

/** Return whether a channel carries its whole state each time and may skip to the latest. */
export function isStateChannel(channel: string): boolean {
  return STATE_CHANNEL.test(channel);
}
