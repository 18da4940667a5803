/** Quote ids of purchases begun in this browser, so that a closed page finds them again. */

const KEPT = "bithedge.purchases";
const MOST = 50;

type Kept = Record<string, string[]>;

function all(): Kept {
  return JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Kept;
}

export function purchasesOf(owner: string): string[] {
  return all()[owner] ?? [];
}

export function rememberPurchase(owner: string, quoteId: string): void {
  const known = purchasesOf(owner).filter((id) => id !== quoteId);
  localStorage.setItem(KEPT, JSON.stringify({ ...all(), [owner]: [quoteId, ...known].slice(0, MOST) }));
}

export function forgetPurchase(owner: string, quoteId: string): void {
  const left = purchasesOf(owner).filter((id) => id !== quoteId);
  localStorage.setItem(KEPT, JSON.stringify({ ...all(), [owner]: left }));
}
