// Rate, errors and p95 over the window, drawn by uPlot (a global: it has no module that is small).
import { clock, rate, time } from "./format.js";
import { html, useEffect, useRef, useState } from "./html.js";

const HEIGHT = 72;

/** Nothing is drawn where there was no error, nor before or after: a red line looks like trouble. */
const unlessQuiet = (value, index, all) =>
  value || all[index - 1] || all[index + 1] ? value : null;

/** Columns for uPlot, errors a second among them; the last point is `at`. */
export function columns(series, at) {
  const length = series.rate.length;
  const xs = series.rate.map((_, index) => at - (length - 1 - index) * series.step);
  const errors = series.errors.map((number) => number / series.step);
  return [xs, series.rate, errors.map(unlessQuiet), series.p95];
}

function colours(node) {
  const style = getComputedStyle(node);
  const of = (name) => style.getPropertyValue(name).trim();
  return { rate: of("--rate"), fill: of("--rate-fill"), bad: of("--bad"), badFill: of("--bad-fill"), p95: of("--p95") };
}

function options(node, width, hover) {
  const colour = colours(node);
  const none = { show: false };
  const fromZero = (_, low, high) => [0, Math.max(high ?? 0, 0.1) * 1.1];
  return {
    width,
    height: HEIGHT,
    pxAlign: true,
    padding: [4, 0, 2, 0],
    legend: none,
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 5 } },
    scales: { x: { time: true }, y: { range: fromZero }, p95: { range: fromZero } },
    axes: [none, none, { ...none, scale: "p95" }],
    series: [
      {},
      { scale: "y", stroke: colour.rate, fill: colour.fill, width: 1.5, points: none },
      { scale: "y", stroke: colour.bad, fill: colour.badFill, width: 1.5, points: none },
      { scale: "p95", stroke: colour.p95, width: 1, dash: [4, 3], points: none, spanGaps: true },
    ],
    hooks: { setCursor: [(plot) => hover(plot.cursor.idx)] },
  };
}

function told([xs, rates, errors, p95], index) {
  const at = index ?? xs.length - 1;
  if (at < 0 || xs[at] === undefined) return "nothing yet";
  return `${clock(xs[at])} · ${rate(rates[at])} · errors ${rate(errors[at] ?? 0)} · p95 ${time(p95[at])}`;
}

export function Chart({ series, at, theme, label }) {
  const place = useRef(null);
  const plot = useRef(null);
  const [index, setIndex] = useState(null);
  const data = columns(series, at);

  useEffect(() => {
    const node = place.current;
    const made = new window.uPlot(options(node, node.clientWidth || 300, setIndex), data, node);
    const watch = new ResizeObserver(() => made.setSize({ width: node.clientWidth, height: HEIGHT }));
    watch.observe(node);
    plot.current = made;
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [theme]);
  useEffect(() => plot.current.setData(data), [at, series]);

  return html`<figure class="chart">
    <div ref=${place} role="img" aria-label=${`${label}: ${told(data, null)}`} data-testid="chart"></div>
    <figcaption>${told(data, index)}</figcaption>
  </figure>`;
}
