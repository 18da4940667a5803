/** The entry: styles, stores, stream, then the view that the address names. */

import { effect } from "@preact/signals";
import { render } from "preact";
import "./tokens.css";
import "./controls.css";
import "./base.css";
import "./frame.css";
import "./views/protect.css";
import "./views/policies.css";
import "./views/money.css";
import "./views/responsive.css";
import "./charts/charts.css";
import "./parts/life-line.css";
import "./parts/sheet.css";
import type { Policy } from "./api/schema";
import { btcShort, exactTime } from "./format";
import { Frame } from "./frame";
import { startKeys } from "./keys";
import { alertNow, announce } from "./parts/announcer";
import { SignSheet } from "./parts/sign-sheet";
import { startRouter, view } from "./router";
import { account, loadBalances, restoreAccount } from "./store/account";
import { config, loadConfig } from "./store/config";
import { startClock } from "./store/freshness";
import { blocksFold, oracleFold, tip } from "./store/oracle";
import { lastNotice } from "./store/policies";
import { poolFold, tiersFold } from "./store/pool";
import { followProvider } from "./store/provider";
import { flushOutbox, transactionsFold } from "./store/transactions";
import { connection, stream } from "./stream/connection";
import { startTheme } from "./theme";
import { Account } from "./views/account";
import { Earn } from "./views/earn";
import { Help } from "./views/help";
import { NoDaemon } from "./views/no-daemon";
import { Policies } from "./views/policies";
import { PoolView } from "./views/pool";
import { Protect } from "./views/protect";
import { Settings } from "./views/settings";
import { TransactionView } from "./views/transaction";

function View() {
  if (!config.value) {
    return <NoDaemon />;
  }
  switch (view.value) {
    case "policies":
      return <Policies />;
    case "earn":
      return <Earn />;
    case "pool":
      return <PoolView />;
    case "tx":
      return <TransactionView />;
    case "account":
      return <Account />;
    case "settings":
      return <Settings />;
    case "help":
      return <Help />;
    default:
      return <Protect />;
  }
}

function App() {
  return (
    <>
      <Frame>
        <View />
      </Frame>
      <SignSheet />
    </>
  );
}

/** Say once that the line went, and once that it is back. */
function announceConnection(): void {
  let wasOffline = false;
  effect(() => {
    const state = connection.value;
    if (state.kind === "offline" && !wasOffline) {
      wasOffline = true;
      announce(`Offline. Figures are from ${exactTime(state.since)}.`);
    } else if (state.kind === "live" && wasOffline) {
      wasOffline = false;
      announce("Live again. Nothing was missed.");
    }
  });
}

/** Say that a policy can be exercised, or no longer, as the stream tells it. */
function announceCrossings(): void {
  effect(() => {
    const notice = lastNotice.value;
    const policy = notice?.data.policy as Policy | undefined;
    if (!notice || !policy) {
      return;
    }
    const name = `Policy ${policy.policy_id ?? ""}`;
    if (notice.name === "PolicyInTheMoney") {
      alertNow(`${name} can be exercised: it pays ${btcShort(policy.payout_now_sats ?? 0)} sBTC.`);
    } else if (notice.name === "PolicyOutOfTheMoney") {
      announce(`${name} pays nothing at the price now.`);
    } else if (notice.name === "PolicyExpiringSoon") {
      announce(`${name} ends soon.`);
    }
  });
}

function refreshBalances(): void {
  effect(() => {
    if (account.value && tip.value) {
      void loadBalances();
    }
  });
}

const RETRY_MS = 3_000;

async function start(): Promise<void> {
  const settings = await loadConfig();
  if (!settings) {
    setTimeout(() => void start(), RETRY_MS);
    return;
  }
  stream.read("oracle", oracleFold);
  stream.read("blocks", blocksFold);
  stream.read("pool", poolFold);
  stream.read("tiers", tiersFold);
  stream.read("transactions", transactionsFold);
  stream.start(settings.stream_url);
  followProvider();
  await restoreAccount().catch(() => undefined);
  await flushOutbox();
}

startTheme();
startRouter();
startClock();
startKeys();
announceConnection();
announceCrossings();
refreshBalances();
const root = document.getElementById("app");
if (root) {
  render(<App />, root);
}
void start();
