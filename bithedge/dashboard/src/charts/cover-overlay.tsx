/** The two handles on the price axis: real sliders over the drawing, by pointer and by keys. */

import { useRef } from "preact/hooks";
import { bound } from "../domain/floor";
import type { Terms } from "../domain/payout";
import { btcPlain, percent, plainUsd, ratioBps, usd } from "../format";
import { changeForm, limits, moveBound, moveStrike, payoutLimits, stepFor } from "../store/quote";
import { columnsFor, priceAt, type Range, yOf } from "./cover";
import { HEAD } from "./cover-columns";

interface Props {
  terms: Terms;
  spot: number;
  range: Range;
  width: number;
  plot: number;
  onRelease: () => void;
}

interface HandleProps {
  label: string;
  value: number;
  text: string;
  shown: string;
  min: number;
  max: number;
  tone: "strike" | "bound";
  geometry: { x: number; y: number; width: number };
  move: (price: number) => void;
  toLimit: (end: "low" | "high") => void;
  place: (clientY: number) => number;
  onRelease: () => void;
}

function keyed(event: KeyboardEvent, value: number, props: HandleProps): boolean {
  const step = stepFor(value);
  const moves: Record<string, () => void> = {
    ArrowUp: () => props.move(value + step),
    ArrowRight: () => props.move(value + step),
    ArrowDown: () => props.move(value - step),
    ArrowLeft: () => props.move(value - step),
    PageUp: () => props.move(value * 1.05),
    PageDown: () => props.move(value * 0.95),
    Home: () => props.toLimit("low"),
    End: () => props.toLimit("high"),
  };
  const move = moves[event.key];
  move?.();
  return move !== undefined;
}

function Handle(props: HandleProps) {
  const dragging = useRef(false);
  const { geometry } = props;

  function onPointerMove(event: PointerEvent): void {
    if (dragging.current) {
      props.move(props.place(event.clientY));
    }
  }

  function release(): void {
    if (dragging.current) {
      dragging.current = false;
      props.onRelease();
    }
  }

  return (
    <div
      class={`handle ${props.tone}`}
      role="slider"
      tabIndex={0}
      aria-label={props.label}
      aria-orientation="vertical"
      aria-valuemin={Math.round(props.min / 1e8)}
      aria-valuemax={Math.round(props.max / 1e8)}
      aria-valuenow={Math.round(props.value / 1e8)}
      aria-valuetext={props.text}
      style={{ left: `${geometry.x}px`, top: `${geometry.y}px`, width: `${geometry.width}px` }}
      onPointerDown={(event) => {
        dragging.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={onPointerMove}
      onPointerUp={release}
      onPointerCancel={release}
      onKeyDown={(event) => {
        if (keyed(event, props.value, props)) {
          event.preventDefault();
        }
      }}
      onKeyUp={props.onRelease}
    >
      <span>{props.shown}</span>
      {props.tone === "strike" && (
        <svg viewBox="0 0 8 16" aria-hidden="true">
          <path d="M1 5.5 4 2.5l3 3M1 10.5l3 3 3-3" fill="none" stroke="currentColor" stroke-width="1.5" />
        </svg>
      )}
    </div>
  );
}

function distance(price: number, spot: number): string {
  const bps = ratioBps(Math.round(Math.abs(price - spot)), spot);
  return `${percent(bps)} ${price < spot ? "below" : "above"} the price now`;
}

export function CoverHandles({ terms, spot, range, width, plot, onRelease }: Props) {
  const layer = useRef<HTMLDivElement>(null);
  const columns = columnsFor(width);
  const edge = bound(terms);
  const allowed = limits.value;
  const put = terms.kind === "put";
  const place = (clientY: number) => {
    const top = layer.current?.getBoundingClientRect().top ?? 0;
    return priceAt(clientY - top - HEAD, range, plot);
  };
  const at = (price: number) => ({
    x: columns.history + 4,
    y: HEAD + Math.min(plot, Math.max(0, yOf(price, range, plot))),
    width: columns.axis - 8,
  });
  const [least, most] = payoutLimits(terms.amount_sats);
  const low = allowed?.lowestStrike ?? range.lo;
  const high = allowed?.highestStrike ?? range.hi;
  return (
    <div class="handles" ref={layer}>
      <Handle
        label="Strike"
        tone="strike"
        value={terms.strike_usd_e8}
        shown={plainUsd(terms.strike_usd_e8)}
        text={`${plainUsd(terms.strike_usd_e8)} dollars, ${distance(terms.strike_usd_e8, spot)}`}
        min={low}
        max={high}
        geometry={at(terms.strike_usd_e8)}
        move={moveStrike}
        toLimit={(end) => moveStrike(end === "low" ? low : high)}
        place={place}
        onRelease={onRelease}
      />
      {edge !== null && (
        <Handle
          label={put ? "Floor" : "Ceiling"}
          tone="bound"
          value={edge}
          shown={plainUsd(edge)}
          text={`${usd(edge)}; max payout ${btcPlain(terms.max_payout_sats)} sBTC`}
          min={put ? terms.strike_usd_e8 / 2 : terms.strike_usd_e8}
          max={put ? terms.strike_usd_e8 : range.hi}
          geometry={at(edge)}
          move={moveBound}
          toLimit={(end) => changeForm({ max_payout_sats: (end === "low") === put ? most : least })}
          place={place}
          onRelease={onRelease}
        />
      )}
    </div>
  );
}
