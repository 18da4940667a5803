/** An id shortened for the eye, whole to copy. */

import { useState } from "preact/hooks";
import { shortId } from "../format";
import { announce } from "./announcer";

interface Props {
  id: string;
  label: string;
  head?: number;
}

export function Copy({ id, label, head = 8 }: Props) {
  const [copied, setCopied] = useState(false);

  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(id);
    setCopied(true);
    announce(`${label} copied.`);
    setTimeout(() => setCopied(false), 1_500);
  }

  return (
    <button
      class="link mono"
      type="button"
      title={id}
      aria-label={`Copy ${label} ${id}`}
      onClick={() => void copy()}
    >
      {copied ? "copied" : shortId(id, head)}
    </button>
  );
}

export function TxLink({ txid }: { txid: string }) {
  return (
    <a class="link sky mono" href={`#/tx/${txid}`} title={txid}>
      {shortId(txid, 9)}
    </a>
  );
}
