/** Transactions by txid, and the outbox: what was signed here and not yet taken by the daemon. */

import { signal } from "@preact/signals";
import { get, post } from "../api/client";
import { problemOf } from "../api/problems";
import type { Transaction, TransactionStatus } from "../api/schema";
import type { EventFrame } from "../stream/frames";

export const transactions = signal<ReadonlyMap<string, Transaction>>(new Map());

export function putTransaction(transaction: Transaction): void {
  transactions.value = new Map(transactions.peek()).set(transaction.txid, transaction);
}

export const transactionsFold = {
  snapshot(data: unknown): void {
    for (const transaction of (data as { items: Transaction[] } | null)?.items ?? []) {
      putTransaction(transaction);
    }
  },
  event(frame: EventFrame): void {
    const { transaction } = frame.data as { transaction?: Transaction };
    if (transaction) {
      putTransaction(transaction);
    }
  },
};

export async function loadTransaction(txid: string): Promise<Transaction> {
  const transaction = await get<Transaction>(`/v1/transactions/${encodeURIComponent(txid)}`);
  putTransaction(transaction);
  return transaction;
}

export interface Sent {
  txid: string;
  status: TransactionStatus;
}

const OUTBOX = "bithedge.outbox";

function outbox(): string[] {
  return JSON.parse(localStorage.getItem(OUTBOX) ?? "[]") as string[];
}

function keep(txs: string[]): void {
  if (txs.length === 0) {
    localStorage.removeItem(OUTBOX);
  } else {
    localStorage.setItem(OUTBOX, JSON.stringify(txs));
  }
}

/** Hand a signed transaction to the daemon; the bytes are kept until it has answered. */
export async function relay(tx: string): Promise<Sent> {
  keep([...outbox().filter((other) => other !== tx), tx]);
  try {
    const sent = await post<Sent>("/v1/transactions", { tx });
    keep(outbox().filter((other) => other !== tx));
    return sent;
  } catch (error) {
    const { status } = problemOf(error);
    if (status >= 400 && status < 500 && status !== 429) {
      keep(outbox().filter((other) => other !== tx));
    }
    throw error;
  }
}

/** Send again what a closed page had signed: the same bytes twice are the same transaction. */
export async function flushOutbox(): Promise<void> {
  for (const tx of outbox()) {
    await relay(tx).catch(() => undefined);
  }
}
