/** Liabilities by strike and expiry week: darker is more, square root of the largest. */

import type { Liabilities } from "../api/schema";
import { timeOf } from "../domain/schedule";
import { btcPlain, btcShort, count, dayShort, usd } from "../format";
import { spot, tip } from "../store/oracle";

type Cell = Liabilities["cells"][number];

const PRINTED = 20_000_000;

/** Return the shade 0 to 6 of an amount: square root of its share of the largest. */
export function shade(sats: number, most: number): number {
  return sats === 0 || most === 0 ? 0 : Math.max(1, Math.round(Math.sqrt(sats / most) * 6));
}

function thousands(e8: number): string {
  return `${Math.round(e8 / 1e10) / 10}k`;
}

export function HeatMap({ data }: { data: Liabilities }) {
  const clock = tip.value;
  const price = spot.value ?? 0;
  const most = Math.max(0, ...data.cells.map((cell) => cell.max_payout_sats));
  const at = new Map<string, Cell>(data.cells.map((cell) => [`${cell.strike}.${cell.week}`, cell]));
  const rows = data.strikes_usd_e8
    .map((strike, index) => ({ strike, index }))
    .sort((a, b) => b.strike - a.strike);
  const sum = (cells: readonly Cell[]) => cells.reduce((total, cell) => total + cell.max_payout_sats, 0);
  const byStrike = rows.map((row) => sum(data.cells.filter((cell) => cell.strike === row.index)));
  const widest = Math.max(1, ...byStrike);
  const weeks = data.weeks.map((week, index) => ({ week, index }));
  const day = (height: number) => (clock ? dayShort(timeOf(height, clock)) : "");
  return (
    <table class="heat">
      <caption class="visually-hidden">Max payouts of live policies by strike and expiry week</caption>
      <tbody>
        {rows.map(({ strike, index }, position) => (
          <tr key={strike}>
            <th scope="row">{thousands(strike)}</th>
            {weeks.map(({ week, index: column }) => {
              const cell = at.get(`${index}.${column}`);
              const sats = cell?.max_payout_sats ?? 0;
              const policies = count(cell?.policies ?? 0, "policy", "policies");
              const words = `Strike ${usd(strike, 0)}, week to ${day(week.to_height)}: ${btcPlain(sats)} sBTC in ${policies}.`;
              return (
                <td key={column} class={`cell h${shade(sats, most)}`} title={words}>
                  {sats >= PRINTED ? btcShort(sats, 2) : ""}
                </td>
              );
            })}
            <td class="side" aria-hidden="true">
              <i
                class={strike > price ? "fill-spot" : "fill-4"}
                style={{ width: `${((byStrike[position] ?? 0) / widest) * 76}px` }}
              />
            </td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">week to</th>
          {weeks.map(({ week, index }) => (
            <td key={index}>{day(week.to_height)}</td>
          ))}
          <td />
        </tr>
        <tr>
          <th scope="row">sum</th>
          {weeks.map(({ index }) => (
            <td key={index} class="strong">
              {btcShort(sum(data.cells.filter((cell) => cell.week === index)), 2)}
            </td>
          ))}
          <td />
        </tr>
      </tfoot>
    </table>
  );
}
