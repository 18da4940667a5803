/** The frame round every view: bar, banners, bottom bar. */

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { age, btcShort, height, percent, plainUsd, shortId, stx, title, usd } from "./format";
import { Banners } from "./parts/banner";
import { Copy } from "./parts/hash";
import { view } from "./router";
import { account, balances, connectDevnet, devnetAccounts, leave, loadDevnetAccounts } from "./store/account";
import { config } from "./store/config";
import { now } from "./store/freshness";
import { oracle, tip } from "./store/oracle";
import { connection } from "./stream/connection";
import { switchTheme, theme } from "./theme";

const VIEWS = [
  { path: "protect", label: "Protect", short: "Protect" },
  { path: "policies", label: "My policies", short: "Policies" },
  { path: "earn", label: "Earn", short: "Earn" },
  { path: "pool", label: "Pool", short: "Pool" },
] as const;

export const accountMenu = signal(false);

function Mark() {
  return (
    <a class="mark" href="#/protect" aria-label="BitHedge, to Protect">
      <svg viewBox="0 0 24 24" fill="none" aria-hidden="true">
        <path
          d="M4 19V8.4a4 4 0 0 1 8 0V19m0-10.6a4 4 0 0 1 8 0V19"
          stroke="var(--hedge)"
          stroke-width="2"
          stroke-linecap="round"
        />
        <path d="M3.5 21h17" stroke="var(--spot-mark)" stroke-width="2" stroke-linecap="round" />
      </svg>
      <span class="mark-name">BitHedge</span>
    </a>
  );
}

function Links({ short }: { short: boolean }) {
  return (
    <>
      {VIEWS.map((item) => (
        <a
          key={item.path}
          href={`#/${item.path}`}
          aria-current={view.value === item.path ? "page" : undefined}
        >
          {short ? item.short : item.label}
        </a>
      ))}
    </>
  );
}

function Price() {
  const price = oracle.value;
  if (!price) {
    return null;
  }
  return (
    <span>
      <span class="wide">BTC</span>
      <span class={`now ${price.stale || price.suspended ? "dim" : "spot"}`} data-testid="spot">
        <span class="mid">{usd(price.spot_usd_e8)}</span>
        <span class="phone">${plainUsd(price.spot_usd_e8)}</span>
      </span>
      {price.change_24h_bps !== null && <span class="wide">{percent(price.change_24h_bps, 1)} today</span>}
    </span>
  );
}

function Tip() {
  const block = tip.value;
  if (!block) {
    return null;
  }
  return (
    <span class="mid">
      <span class="wide">Block</span>
      <span class="block" data-testid="burn-height">
        {height(block.burn_height)}
      </span>
      <span class="wide">{age((now.value - Date.parse(block.at)) / 1000)} ago</span>
    </span>
  );
}

export function Connection() {
  const state = connection.value;
  const words = {
    connecting: "Connecting",
    catching_up: "Catching up",
    live: "Live",
    offline: state.kind === "offline" ? `Offline, ${age((now.value - state.since) / 1000)}` : "",
    stopped: "Stopped",
  };
  return (
    <span class="conn" data-kind={state.kind} data-testid="connection">
      <i aria-hidden="true" />
      <span class="mid">{words[state.kind]}</span>
    </span>
  );
}

function Chooser() {
  const accounts = devnetAccounts.value;
  const network = config.value?.network;
  useEffect(() => {
    if (network === "devnet" && accounts === null) {
      void loadDevnetAccounts().catch(() => undefined);
    }
  }, [network, accounts]);
  if (network !== "devnet") {
    return (
      <p class="note">
        This version signs with the wallets of a devnet only. Everything can be read and quoted without one.
      </p>
    );
  }
  return (
    <>
      <h2>Choose a devnet wallet</h2>
      <p class="note">Their keys are published by this devnet and stay in this browser.</p>
      <div class="accounts">
        {(accounts ?? []).map((item) => (
          <button
            key={item.address}
            type="button"
            onClick={() => {
              connectDevnet(item);
              accountMenu.value = false;
            }}
          >
            <span class="strong">{item.name}</span>
            <span>{btcShort(item.sbtc_sats)} sBTC</span>
            <span class="mono ink-3">{shortId(item.address, 6)}</span>
            <span class="note right">{stx(item.stx_ustx, 0)} STX</span>
          </button>
        ))}
      </div>
    </>
  );
}

function Signed() {
  const signer = account.value;
  const held = balances.value;
  if (!signer) {
    return <Chooser />;
  }
  return (
    <>
      <h2>{signer.name}</h2>
      <Copy id={signer.address} label="address" />
      <dl class="rows">
        <div>
          <dt>sBTC</dt>
          <dd class="strong" data-testid="balance-sbtc">
            {held ? btcShort(held.sbtc_sats, 8) : "…"}
          </dd>
        </div>
        <div>
          <dt>STX</dt>
          <dd class="strong">{held ? stx(held.stx_ustx) : "…"}</dd>
        </div>
      </dl>
      <div class="button-row">
        <a class="link" href="#/account">
          Account
        </a>
        <a class="link" href="#/settings">
          Settings
        </a>
        <button class="link" type="button" onClick={leave}>
          Leave
        </button>
      </div>
      <Chooser />
    </>
  );
}

function closeMenu(): void {
  accountMenu.value = false;
}

function AccountMenu() {
  const wrap = useRef<HTMLDivElement>(null);
  const signer = account.value;
  const open = accountMenu.value;

  useEffect(() => {
    if (!open) {
      return;
    }
    const outside = (event: Event) => {
      if (event.target instanceof Node && !wrap.current?.contains(event.target)) {
        closeMenu();
      }
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") {
        closeMenu();
        wrap.current?.querySelector("button")?.focus();
      }
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", onKey);
    addEventListener("hashchange", closeMenu);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", onKey);
      removeEventListener("hashchange", closeMenu);
    };
  }, [open]);

  return (
    <div class="menu-wrap" ref={wrap}>
      <button
        class={`chip ${signer ? "mono" : ""}`}
        type="button"
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-label={signer ? `Account ${signer.name}` : "Connect wallet"}
        onClick={() => {
          accountMenu.value = !open;
        }}
      >
        {signer ? (
          <>
            <span class="mid">{shortId(signer.address, 6)}</span>
            <span class="phone">{signer.address.slice(-4)}</span>
          </>
        ) : (
          <>
            Connect<span class="mid"> wallet</span>
          </>
        )}
      </button>
      {open && (
        <div class="menu" role="dialog" aria-label="Account">
          <Signed />
        </div>
      )}
    </div>
  );
}

function ThemeButton() {
  const dark = theme.value === "dark";
  return (
    <button
      class="chip icon mid"
      type="button"
      aria-label={dark ? "Light theme" : "Dark theme"}
      onClick={switchTheme}
    >
      <svg viewBox="0 0 14 14" aria-hidden="true">
        <circle cx="7" cy="7" r="5.5" fill="none" stroke="currentColor" stroke-width="1.5" />
        <path d="M7 1.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" />
      </svg>
    </button>
  );
}

export function Frame({ children }: { children: ComponentChildren }) {
  const network = config.value?.network;
  return (
    <>
      <button class="skip" type="button" onClick={focusContent}>
        To the content
      </button>
      <header class="top">
        <div class="top-in">
          <Mark />
          <nav class="views" aria-label="Views">
            <Links short={false} />
          </nav>
          <div class="status">
            <Price />
            <Tip />
            <Connection />
            {network && <span class="pill mid">{title(network)}</span>}
            <AccountMenu />
            <ThemeButton />
          </div>
        </div>
      </header>
      <Banners />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <nav class="bottom" aria-label="Views">
        <Links short />
      </nav>
    </>
  );
}

/** The hash is the route, so a link cannot point at the content: a button moves the focus. */
function focusContent(): void {
  document.getElementById("content")?.focus();
}
