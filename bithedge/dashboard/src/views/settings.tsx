/** How this page looks and behaves, kept in this browser. */

import { signal } from "@preact/signals";
import { setSingleKeys, singleKeysOff } from "../keys";
import { Sats } from "../parts/amount";
import { Segment } from "../parts/segment";
import { Switch } from "../parts/switch";
import { chooseTheme, themeChoice } from "../theme";
import { chooseUnit, unit } from "../units";

const keysOn = signal(!singleKeysOff());
const EXAMPLE = 1_030_396;

function Keys() {
  return (
    <div class="with-switch">
      <Switch
        label="Single-key shortcuts"
        on={keysOn.value}
        onToggle={() => {
          keysOn.value = !keysOn.value;
          setSingleKeys(keysOn.value);
        }}
      />
      <p>
        <b>Single-key shortcuts</b>
        <br />
        <span class="note">? opens help; g then p, m, e, o opens a view.</span>
      </p>
    </div>
  );
}

export function Settings() {
  return (
    <article class="prose settings">
      <h1 class="sentence small">Settings of this browser</h1>
      <section class="card pad">
        <div class="field">
          <span class="label">Theme</span>
          <Segment
            label="Theme"
            options={[
              { value: "system", label: "As the system" },
              { value: "light", label: "Light" },
              { value: "dark", label: "Dark" },
            ]}
            value={themeChoice.value}
            onChange={chooseTheme}
          />
        </div>
        <div class="field">
          <span class="label">Amounts in tables and cards</span>
          <Segment
            label="Unit"
            options={[
              { value: "sbtc", label: "sBTC, eight digits" },
              { value: "sats", label: "sats" },
            ]}
            value={unit.value}
            onChange={chooseUnit}
          />
          <span class="note">
            Like this: <Sats value={EXAMPLE} unit="sBTC" />. Fields and sentences stay in BTC.
          </span>
        </div>
        <Keys />
      </section>
    </article>
  );
}
