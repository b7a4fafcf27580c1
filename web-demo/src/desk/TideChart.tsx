import { useEffect, useId, useRef, useState } from "react";

export interface Point {
  /** By `performance.now()`. */
  readonly at: number;
  readonly value: number;
}

const HEIGHT = 190;
const SHORTEST = 20_000;
const LONGEST = 120_000;
const LEFT = 30;
const RIGHT = 14;
const TOP = 14;
const BOTTOM = 24;

/** A level over time, two minutes at most, as steps: between two results nothing changed. */
export function TideChart({ points }: { points: readonly Point[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  const [now, setNow] = useState(() => performance.now());
  const shade = useId();
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const seen = new ResizeObserver(([entry]) => entry !== undefined && setWidth(entry.contentRect.width));
    seen.observe(element);
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => {
      seen.disconnect();
      clearInterval(timer);
    };
  }, []);
  const newest = points.at(-1);
  const end = Math.max(now, newest?.at ?? 0);
  const span = Math.min(LONGEST, Math.max(SHORTEST, end - (points[0]?.at ?? end)));
  const begin = end - span;
  const values = points.map((each) => each.value);
  const low = Math.max(0, Math.min(...values, Infinity) - 2);
  const lowest = Number.isFinite(low) ? low : 0;
  const highest = Math.max(lowest + 4, Math.max(...values, 0) + 1);
  const x = (at: number) => LEFT + ((Math.max(at, begin) - begin) / span) * (width - LEFT - RIGHT);
  const y = (value: number) => TOP + (1 - (value - lowest) / (highest - lowest)) * (HEIGHT - TOP - BOTTOM);
  const line = steps(points, begin, end, x, y);
  const first = points[0];
  const floor = HEIGHT - BOTTOM;
  return (
    <div className="tide" ref={box}>
      <svg width="100%" height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={described(points)}>
        <defs>
          <linearGradient id={shade} x1="0" y1="0" x2="0" y2="1">
            <stop offset="0" className="tide-top" />
            <stop offset="1" className="tide-end" />
          </linearGradient>
        </defs>
        {marks(lowest, highest).map((value) => (
          <g key={value} className="tide-grid">
            <line x1={LEFT} x2={width - RIGHT} y1={y(value)} y2={y(value)} />
            <text x={LEFT - 8} y={y(value) + 4} textAnchor="end">
              {value}
            </text>
          </g>
        ))}
        <g className="tide-grid">
          <text x={LEFT} y={HEIGHT - 6}>
            {span < 60_000 ? `${Math.round(span / 1000)} s ago` : `${Math.round(span / 60_000)} min ago`}
          </text>
          <text x={width - RIGHT} y={HEIGHT - 6} textAnchor="end">
            now
          </text>
        </g>
        {line !== "" && first !== undefined && newest !== undefined && (
          <>
            <path d={`${line}V${floor}H${x(first.at)}Z`} fill={`url(#${shade})`} />
            <path d={line} className="tide-line" />
            <circle key={newest.at} cx={x(end)} cy={y(newest.value)} r="4.500" className="tide-dot" />
          </>
        )}
      </svg>
    </div>
  );
}

function steps(points: readonly Point[], begin: number, end: number, x: (at: number) => number, y: (value: number) => number): string {
  // The last point before the window says at which level it begins.
  const from = Math.max(0, points.findLastIndex((each) => each.at <= begin));
  const shown = points.slice(from);
  const [first] = shown;
  if (first === undefined) return "";
  const drawn = shown.slice(1).map((each) => `H${x(each.at).toFixed(1)}V${y(each.value).toFixed(1)}`);
  return `M${x(first.at).toFixed(1)} ${y(first.value).toFixed(1)}${drawn.join("")}H${x(end).toFixed(1)}`;
}

function marks(lowest: number, highest: number): number[] {
  const step = Math.max(1, Math.ceil((highest - lowest) / 4));
  return Array.from({ length: Math.floor((highest - lowest) / step) + 1 }, (_, index) => lowest + index * step);
}

function described(points: readonly Point[]): string {
  const newest = points.at(-1);
  if (newest === undefined) return "No number yet";
  const values = points.map((each) => each.value);
  return `${newest.value} tickets are open; since this page was opened between ${Math.min(...values)} and ${Math.max(...values)}`;
}
