/** Exercise without us: the two steps on chain that need nobody but the holder. */

import type { Policy } from "../api/schema";
import { height } from "../format";
import { account } from "../store/account";
import { isOffline } from "../store/freshness";
import { tip } from "../store/oracle";
import { histories } from "../store/policies";
import { openSheet } from "../store/sheet";

const ON_CHAIN = new Set(["active", "settling", "expiring"]);

/** Return the height at which the holder asked on chain, if that still stands. */
function askedAt(policy: Policy): number | null {
  const events = histories.value.get(policy.quote_id) ?? [];
  const asked = events.findLast((event) => event.name === "PolicyExerciseRequested" && !event.undone);
  return asked?.burn_height ?? null;
}

function Act({ policy }: { policy: Policy }) {
  const asked = askedAt(policy);
  const at = tip.value?.burn_height ?? 0;
  const afterExpiry = at > policy.expiry_height;
  const waits = asked !== null && at <= asked;
  const name = policy.policy_id === null ? "" : `#${policy.policy_id} `;
  return (
    <>
      {asked !== null && (
        <p class="ink-2">
          Asked at block {height(asked)}; it settles at the public price of block {height(asked + 1)}
          {waits ? ", which is not mined yet." : "."}
        </p>
      )}
      <button
        class="button"
        type="button"
        disabled={waits || isOffline.value}
        onClick={() => openSheet({ kind: "own-way", policy, asked: asked !== null || afterExpiry })}
      >
        {asked !== null || afterExpiry ? `Settle ${name}myself…` : `Exercise ${name}on chain myself…`}
      </button>
    </>
  );
}

export function OwnWay({ policy }: { policy: Policy | undefined }) {
  const mine = policy !== undefined && policy.owner === account.value?.address;
  return (
    <section class="card pad own-way" aria-label="Exercise without us">
      <div class="card-head">
        <h2>Exercise without us</h2>
      </div>
      <p class="ink-2">
        The contract pays you on signed prices alone: ask on chain, wait one block, settle with that block's
        public price. Two transactions of your own, also on a day when this daemon is gone.{" "}
        <a class="link sky" href="#/help">
          How that works
        </a>
      </p>
      {mine && ON_CHAIN.has(policy.status) && <Act policy={policy} />}
    </section>
  );
}
