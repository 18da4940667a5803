/** What every sheet shares: dialog, heading, the state of an act, and the two buttons. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { emptyProblem, type Problem, problemOf } from "../api/problems";
import type { PreparedTransaction } from "../api/schema";
import type { Difference } from "../domain/comparison";
import { height, shortId } from "../format";
import { openWallet } from "../store/account";
import { config } from "../store/config";
import { isOffline } from "../store/freshness";
import { closeSheet } from "../store/sheet";
import type { Context } from "../wallet/intents";
import { Refusal, type Way } from "./refusal";

type Intents = typeof import("../wallet/intents");

export type Failure =
  | { kind: "refused"; problem: Problem }
  | { kind: "declined" }
  | { kind: "tampered"; differences: readonly Difference[] };

function failureOf(error: unknown): Failure {
  if (error instanceof Error && error.name === "Tampered" && "differences" in error) {
    return { kind: "tampered", differences: error.differences as readonly Difference[] };
  }
  if (error instanceof Error && error.name === "Declined") {
    return { kind: "declined" };
  }
  return { kind: "refused", problem: problemOf(error) };
}

export interface Act {
  busy: boolean;
  failure: Failure | null;
  run: (work: (intents: Intents, context: Context) => Promise<void>) => Promise<void>;
}

/** One act at a time with the wallet; its failure stays on the sheet until the next try. */
export function useAct(): Act {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);

  async function run(work: (intents: Intents, context: Context) => Promise<void>): Promise<void> {
    const settings = config.peek();
    if (!settings) {
      setFailure({
        kind: "refused",
        problem: emptyProblem("unreachable", "The daemon cannot be reached", "Try again."),
      });
      return;
    }
    setBusy(true);
    setFailure(null);
    try {
      const [intents, wallet] = await Promise.all([import("../wallet/intents"), openWallet()]);
      await work(intents, { wallet, config: settings });
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  }

  return { busy, failure, run };
}

function TamperedNote({ differences }: { differences: readonly Difference[] }) {
  return (
    <div class="tampered" role="alert">
      <h2>The transaction does not say what this page says. Do not sign.</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">This page</th>
            <th scope="col">To be signed</th>
          </tr>
        </thead>
        <tbody>
          {differences.map((difference) => (
            <tr key={difference.what}>
              <td>{difference.what}</td>
              <td>{shortId(difference.shown, 20, 8)}</td>
              <td>{shortId(difference.found, 20, 8)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function FailureNote({ failure, ways }: { failure: Failure | null; ways?: readonly Way[] }) {
  switch (failure?.kind) {
    case "tampered":
      return <TamperedNote differences={failure.differences} />;
    case "declined":
      return <p class="banner">You declined. Nothing was sent.</p>;
    case "refused":
      return <Refusal problem={failure.problem} ways={ways ?? []} />;
    default:
      return null;
  }
}

interface ShellProps {
  step: string;
  heading: ComponentChildren;
  children: ComponentChildren;
}

export function Shell({ step, heading, children }: ShellProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    dialog.current?.showModal();
    return () => dialog.current?.close();
  }, []);
  // A new step is read from its heading on.
  useEffect(() => title.current?.focus(), [step]);

  return (
    <dialog
      class="sheet"
      ref={dialog}
      aria-labelledby="sheet-title"
      onCancel={(event) => {
        event.preventDefault();
        closeSheet();
      }}
    >
      <div class="sheet-body">
        <div class="sheet-top">
          <span>{step}</span>
          <button class="button" type="button" onClick={closeSheet}>
            Esc Close
          </button>
        </div>
        <h1 class="sentence" id="sheet-title" tabIndex={-1} ref={title}>
          {heading}
        </h1>
        {children}
      </div>
    </dialog>
  );
}

interface ButtonsProps {
  label: string;
  act: Act;
  disabled?: boolean;
  onGo: () => void;
}

export function Buttons({ label, act, disabled = false, onGo }: ButtonsProps) {
  return (
    <div class="sheet-act">
      <button class="button" type="button" onClick={closeSheet}>
        Back
      </button>
      {act.failure?.kind === "tampered" ? null : (
        <button
          class="button primary"
          type="button"
          disabled={disabled || act.busy || isOffline.value}
          aria-busy={act.busy}
          onClick={onGo}
        >
          {act.busy ? "Waiting for your wallet" : label}
        </button>
      )}
    </div>
  );
}

export function Technical({ prepared, id }: { prepared: PreparedTransaction; id?: string }) {
  const chain = config.value?.chain_id ?? 0;
  return (
    <details>
      <summary>Technical details</summary>
      <div class="technical">
        contract {prepared.contract_id}
        <br />
        function {prepared.function} · mode {prepared.post_condition_mode} · {prepared.post_conditions.length}{" "}
        post-condition
        <br />
        {id && <>{id} · </>}
        {prepared.valid_until_height !== null && <>valid to block {height(prepared.valid_until_height)} · </>}
        chain 0x{chain.toString(16).padStart(8, "0")} · nonce {prepared.nonce}
        <br />
        <span class="hedge">decoded here; it matches what is shown above</span>
      </div>
    </details>
  );
}
