/** The status of a policy in a word and a shape, never by colour alone. */

import type { PolicyStatus } from "../api/schema";

type Tone = "good" | "warn" | "bad" | "sky" | "plain";

const LOOK: Record<PolicyStatus, [string, string, Tone]> = {
  pending_signature: ["○", "reserved", "sky"],
  pending_confirmation: ["◔", "in mempool", "sky"],
  active: ["●", "active", "good"],
  settling: ["◑", "settling", "sky"],
  settled: ["✓", "settled", "sky"],
  expiring: ["◔", "past its last block", "warn"],
  expired: ["–", "expired", "plain"],
  lapsed: ["–", "lapsed", "plain"],
};

export function StatusTag({ status }: { status: PolicyStatus }) {
  const [shape, word, tone] = LOOK[status] ?? ["?", status, "plain"];
  return (
    <span class={`tag ${tone}`}>
      <span aria-hidden="true">{shape}</span>
      {word}
    </span>
  );
}
