/** What a policy owes, told a second time in bigint: the mirror that the contract must equal. */
export interface Cover {
  readonly option: string;
  readonly strike: bigint;
  readonly amount: bigint;
  readonly collateral: bigint;
}

export function payout({ option, strike, amount, collateral }: Cover, price: bigint): bigint {
  const distance = option === "put" ? strike - price : price - strike;
  if (distance <= 0n) return 0n;
  const owed = (amount * distance) / price;
  return owed < collateral ? owed : collateral;
}

/** The highest price at which a put pays its whole collateral. */
export const floorOf = ({ strike, amount, collateral }: Cover): bigint =>
  (strike * amount) / (amount + collateral);

/** The lowest price at which a call below its amount pays its whole collateral. */
export function ceilingOf({ strike, amount, collateral }: Cover): bigint {
  const below = amount - collateral;
  return (strike * amount + below - 1n) / below;
}
