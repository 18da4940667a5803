/** Liabilities by strike and expiry week: darker is more, by the square root of the largest; a cell opens its policies. */

import { useState } from "preact/hooks";
import type { Liabilities } from "../api/schema";
import { timeOf } from "../domain/schedule";
import { btcPlain, btcShort, count, dayShort, plainUsd, usd } from "../format";
import { spot, tip } from "../store/oracle";
import { type Band, bandsOf, shade, spotOffset } from "./heat-bands";

type Cell = Liabilities["cells"][number];
export type Measure = "max_payout_sats" | "owed_now_sats";

const PRINTED = 20_000_000;
const ROW = 30;
const SIDE = 76;

interface Place {
  row: number;
  column: number;
}

interface Props {
  data: Liabilities;
  measure: Measure;
  onOpen: (band: Band, week: Liabilities["weeks"][number]) => void;
}

const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function sumOf(cells: readonly Cell[], measure: Measure): number {
  return cells.reduce((total, cell) => total + cell[measure], 0);
}

function day(height: number): string {
  return tip.value ? dayShort(timeOf(height, tip.value)) : String(height);
}

/** One tab stop for the whole grid; arrows walk it. */
function useGrid(rows: number, columns: number) {
  const [at, setAt] = useState<Place>({ row: 0, column: 0 });

  function onKeyDown(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
    const move = MOVES[event.key];
    if (!move) {
      return;
    }
    event.preventDefault();
    const row = Math.min(rows - 1, Math.max(0, at.row + move[0]));
    const column = Math.min(columns - 1, Math.max(0, at.column + move[1]));
    setAt({ row, column });
    event.currentTarget.querySelector<HTMLElement>(`[data-at="${row}.${column}"]`)?.focus();
  }

  return { at, setAt, onKeyDown };
}

function SpotLine({ bands }: { bands: readonly Band[] }) {
  const price = spot.value;
  const offset = price === null ? null : spotOffset(bands, price);
  if (price === null || offset === null) {
    return null;
  }
  return (
    <div class="heat-spot" style={{ top: `${offset * ROW + 1}px` }}>
      <span>
        <span class="visually-hidden">Price now </span>
        {plainUsd(price)}
      </span>
    </div>
  );
}

export function HeatMap({ data, measure, onOpen }: Props) {
  const bands = bandsOf(data.strikes_usd_e8);
  const grid = useGrid(bands.length, data.weeks.length);
  const cells = new Map<string, Cell>(data.cells.map((cell) => [`${cell.strike}.${cell.week}`, cell]));
  const most = Math.max(0, ...data.cells.map((cell) => cell[measure]));
  const sums = bands.map((band) =>
    sumOf(
      data.cells.filter((cell) => cell.strike === band.index),
      measure,
    ),
  );
  const widest = Math.max(1, ...sums);
  const price = spot.value ?? 0;

  function words(band: Band, cell: Cell | undefined, week: Liabilities["weeks"][number]): string {
    const policies = count(cell?.policies ?? 0, "policy", "policies");
    const strikes = band.to === null ? usd(band.from, 0) : `${usd(band.from, 0)} to ${usd(band.to, 0)}`;
    return `Strike ${strikes}, week to ${day(week.to_height)}: ${btcPlain(cell?.[measure] ?? 0)} sBTC in ${policies}.`;
  }

  return (
    <div class="heat-box">
      <SpotLine bands={bands} />
      <table class="heat" onKeyDown={grid.onKeyDown}>
        <caption class="visually-hidden">
          {measure === "max_payout_sats" ? "Max payouts" : "Owed now"} of live policies by strike and expiry
          week
        </caption>
        <tbody>
          {bands.map((band, row) => (
            <tr key={band.index}>
              <th scope="row">{band.label}</th>
              {data.weeks.map((week, column) => {
                const cell = cells.get(`${band.index}.${column}`);
                const sats = cell?.[measure] ?? 0;
                const label = words(band, cell, week);
                return (
                  <td key={week.from_height}>
                    <button
                      type="button"
                      class={`cell h${shade(sats, most)}`}
                      data-at={`${row}.${column}`}
                      tabIndex={grid.at.row === row && grid.at.column === column ? 0 : -1}
                      title={label}
                      aria-label={label}
                      onFocus={() => grid.setAt({ row, column })}
                      onClick={() => cell && onOpen(band, week)}
                    >
                      {sats >= PRINTED ? btcShort(sats, 2) : ""}
                    </button>
                  </td>
                );
              })}
              <td class="side" aria-hidden="true">
                <i
                  class={band.from > price ? "fill-spot" : "fill-4"}
                  style={{ width: `${((sums[row] ?? 0) / widest) * SIDE}px` }}
                />
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">week to</th>
            {data.weeks.map((week) => (
              <td key={week.from_height}>{day(week.to_height)}</td>
            ))}
            <td />
          </tr>
          <tr>
            <th scope="row">sum</th>
            {data.weeks.map((week, column) => (
              <td key={week.from_height} class="strong">
                {btcShort(
                  sumOf(
                    data.cells.filter((cell) => cell.week === column),
                    measure,
                  ),
                  2,
                )}
              </td>
            ))}
            <td />
          </tr>
        </tfoot>
      </table>
    </div>
  );
}
