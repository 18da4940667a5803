/** Hex with and without its prefix: the interface writes 0x, wallets do not. */

export function bare(hex: string): string {
  return (hex.startsWith("0x") ? hex.slice(2) : hex).toLowerCase();
}

export function prefixed(hex: string): string {
  return `0x${bare(hex)}`;
}
