/** Heights to times, always estimates: what is certain is the count of blocks. */

export const BLOCKS_PER_DAY = 144;
const MEAN_BLOCK_S = 600;

export interface Clock {
  burn_height: number;
  at: string;
  mean_burn_block_s: number | null;
}

/** Return about when `height` comes (or came), in ms since the epoch. */
export function timeOf(height: number, tip: Clock): number {
  const step = tip.mean_burn_block_s ?? MEAN_BLOCK_S;
  return Date.parse(tip.at) + (height - tip.burn_height) * step * 1000;
}

/** Return about which height the time `ms` falls in: the inverse of `timeOf`, rounded. */
export function heightOf(ms: number, tip: Clock): number {
  const step = tip.mean_burn_block_s ?? MEAN_BLOCK_S;
  return tip.burn_height + Math.round((ms - Date.parse(tip.at)) / (step * 1000));
}

/** Return the blocks from the tip to `height`, 0 once it is past. */
export function blocksTo(height: number, tip: Clock): number {
  return Math.max(0, height - tip.burn_height);
}

/** Return a count of blocks as days of 144, rounded. */
export function daysOf(blocks: number): number {
  return Math.round(blocks / BLOCKS_PER_DAY);
}
