/** Integers to text. The only place where money stops being an integer. */

const MINUS = "−";
const THIN = " ";
const SATS = 100_000_000n;

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function fixed(units: bigint, scale: number, digits: number, up: boolean): string {
  const negative = units < 0n;
  const step = 10n ** BigInt(scale - digits);
  const size = negative ? -units : units;
  const rest = size % step;
  const whole = size / step + (up && rest > 0n ? 1n : 0n);
  const text = whole.toString().padStart(digits + 1, "0");
  const head = grouped(text.slice(0, text.length - digits));
  const tail = digits === 0 ? "" : `.${text.slice(text.length - digits)}`;
  return `${negative && whole > 0n ? MINUS : ""}${head}${tail}`;
}

/** Return sats as BTC with all eight digits, exactly. */
export function btc(sats: number): string {
  return fixed(BigInt(sats), 8, 8, false);
}

/** Return sats as BTC without trailing zeros, exactly: for sentences and fields. */
export function btcPlain(sats: number): string {
  return btc(sats).replace(/\.?0+$/, "");
}

/** Return sats as BTC in `digits` digits; `up` rounds against a payer, else against a receiver. */
export function btcShort(sats: number, digits = 4, up = false): string {
  return fixed(BigInt(sats), 8, digits, up);
}

/** Return the exact amount in the groups 2-3-3 that the eye reads; joined they are `btc`. */
export function btcGroups(sats: number): [string, string, string] {
  const text = btc(sats);
  return [text.slice(0, -6), text.slice(-6, -3), text.slice(-3)];
}

/** Return USD x 1e8 as dollars, rounded half up to `digits`. */
export function usd(e8: number, digits = 2): string {
  const half = 5n * 10n ** BigInt(7 - digits);
  const value = BigInt(Math.round(e8));
  const text = fixed(value < 0n ? value - half : value + half, 8, digits, false);
  return text.startsWith(MINUS) ? `${MINUS}$${text.slice(1)}` : `$${text}`;
}

/** Return a strike: whole dollars when it is whole, else cents. */
export function strike(e8: number): string {
  return usd(e8, BigInt(e8) % SATS === 0n ? 0 : 2);
}

/** Return dollars without the sign, as an axis shows them. */
export function plainUsd(e8: number, digits = 0): string {
  return usd(e8, digits).replace("$", "");
}

/** Return bps as per cent with one digit, rounded half away from zero. */
export function percent(bps: number, digits = 1, signed = false): string {
  const scale = 10 ** digits;
  const size = Math.round((Math.abs(bps) * scale) / 100) / scale;
  const sign = bps < 0 && size > 0 ? MINUS : signed && size > 0 ? "+" : "";
  return `${sign}${size.toFixed(digits)}${THIN}%`;
}

/** Return `part` of `whole` in bps, rounded half up; 0 where there is no whole. */
export function ratioBps(part: number, whole: number): number {
  return whole === 0 ? 0 : Number((BigInt(part) * 20_000n + BigInt(whole)) / (2n * BigInt(whole)));
}

export function height(value: number): string {
  return grouped(String(value));
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${grouped(String(value))} ${value === 1 ? one : many}`;
}

export function stx(ustx: number, digits = 3): string {
  return fixed(BigInt(ustx), 6, digits, true);
}

export function shortId(id: string, head = 8, tail = 4): string {
  return id.length <= head + tail + 1 ? id : `${id.slice(0, head)}…${id.slice(-tail)}`;
}

export function title(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

type Moment = string | number | Date;

function dated(moment: Moment, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(undefined, options).format(new Date(moment));
}

export function day(moment: Moment): string {
  return dated(moment, { day: "numeric", month: "long" });
}

export function dayShort(moment: Moment): string {
  return dated(moment, { day: "numeric", month: "short" });
}

export function clockTime(moment: Moment): string {
  return dated(moment, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

export function exactTime(moment: Moment): string {
  return dated(moment, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

export function dayTime(moment: Moment): string {
  return `${dayShort(moment)} ${clockTime(moment)}`;
}

/** Return an age in the largest unit that says enough. */
export function age(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 120) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min`;
  }
  return whole < 172_800 ? `${Math.floor(whole / 3600)} h` : `${Math.floor(whole / 86_400)} d`;
}

/** Return the sats that a text in BTC means; null if it is not one to the sat. */
export function parseBtc(text: string): number | null {
  const match = /^\s*(\d{1,8})?(?:\.(\d{0,8}))?\s*$/.exec(text.replaceAll(",", ""));
  if (match === null || (match[1] === undefined && !match[2])) {
    return null;
  }
  return Number(BigInt(match[1] ?? "0") * SATS + BigInt((match[2] ?? "").padEnd(8, "0")));
}

/** Return the USD x 1e8 that a text in dollars means; null if it is none. */
export function parseUsd(text: string): number | null {
  const value = parseBtc(text.replace("$", ""));
  return value === null || value > Number.MAX_SAFE_INTEGER ? null : value;
}
