/** Read a channel of the stream for as long as a component is shown. */

import { useEffect } from "preact/hooks";
import type { Fold } from "../stream/channels";
import { stream } from "../stream/connection";

export function useChannel(channel: string | null, fold: () => Fold): void {
  // The fold belongs to the channel's name: another function of the same name folds the same.
  useEffect(() => (channel === null ? undefined : stream.read(channel, fold())), [channel]);
}
