// A card for each upstream, the worst first.
import { Breakers, isTroubled } from "./breaker.js";
import { Chart } from "./chart.js";
import { Facts } from "./facts.js";
import { percent, rate, time } from "./format.js";
import { Chip, Figure } from "./figure.js";
import { cls, html, useRef } from "./html.js";
import { Latency } from "./latency.js";

const CLASSES = {
  timeout: "timeout",
  connect: "not reached",
  breaker: "breaker",
  http_429: "429",
  http_5xx: "5xx",
  client_left: "client left",
  other: "other",
};
const FEW = 3;
const HARMLESS = new Set(["client_left"]);

/** How bad it is: 3 kept back by a breaker, 2 many errors, 1 some, or something forced, 0 fine. */
export function trouble(upstream) {
  if (upstream.breakers.some(isTroubled)) return 3;
  if (upstream.errors.ratio >= 0.05 && upstream.errors.count >= FEW) return 2;
  return upstream.errors.count || upstream.breakers.some((each) => each.forced) ? 1 : 0;
}

/** Worst first; coarse, so that cards do not change places with every poll. */
export function worstFirst(upstreams) {
  const errors = (each) => Math.round((each.errors.ratio ?? 0) * 20);
  const slow = (each) => (each.latency.p95 ? Math.round(Math.log2(each.latency.p95)) : -99);
  return [...upstreams].sort(
    (a, b) =>
      trouble(b) - trouble(a) ||
      errors(b) - errors(a) ||
      Number(b.calls > 0) - Number(a.calls > 0) ||
      slow(b) - slow(a) ||
      a.name.localeCompare(b.name),
  );
}

/** Keeps the order while somebody is at a card: what has the focus must not jump. */
function useOrder(upstreams) {
  const kept = useRef([]);
  const place = useRef(null);
  const busy = place.current?.contains(document.activeElement);
  const known = new Set(kept.current);
  const same = upstreams.length === known.size && upstreams.every((each) => known.has(each.name));
  if (!busy || !same) kept.current = worstFirst(upstreams).map((each) => each.name);
  const by = new Map(upstreams.map((each) => [each.name, each]));
  return [place, kept.current.map((name) => by.get(name))];
}

function Errors({ errors }) {
  const found = Object.entries(errors.classes).filter(([, number]) => number > 0);
  if (!found.length) return null;
  return html`<p class="classes" aria-label="Errors by class">
    ${found.map(([name, number]) => html`<${Chip} key=${name} id=${`class-${name}`} tone=${HARMLESS.has(name) ? "" : "bad"}>${CLASSES[name] ?? name} <b data-value=${number}>${number}</b><//>`)}
  </p>`;
}

function Routes({ routes }) {
  const busy = routes.filter((each) => each.calls > 0);
  if (!busy.length) return null;
  const hits = (each) => each.cache?.ratio;
  return html`<details class="routes">
    <summary>${busy.length} ${busy.length === 1 ? "route" : "routes"} with calls</summary>
    <table>
      <thead><tr><th scope="col">route</th><th scope="col">calls</th><th scope="col">errors</th><th scope="col">p50</th><th scope="col">p95</th><th scope="col">hits</th></tr></thead>
      <tbody>${busy.map((each) => html`<tr key=${each.name} data-testid="route" data-name=${each.name}>
        <th scope="row">${each.name}</th>
        <td>${rate(each.rate)}</td><td>${percent(each.errors.ratio)}</td>
        <td>${time(each.latency.p50)}</td><td>${time(each.latency.p95)}</td><td>${percent(hits(each))}</td>
      </tr>`)}</tbody>
    </table>
  </details>`;
}

const MOODS = ["fine", "some trouble", "many errors", "calls are kept back"];
const TONES = ["good", "warn", "bad", "bad"];

function Card({ upstream, at, received, theme, dialogs }) {
  const level = upstream.calls || trouble(upstream) ? trouble(upstream) : null;
  const { name, errors, latency } = upstream;
  return html`<article
    class=${cls("card", level === null ? "idle" : TONES[level])} aria-label=${name}
    data-testid="card" data-name=${name}
  >
    <header>
      <h2>${name}</h2>
      <${Chip} id="mood" tone=${level === null ? "" : TONES[level]}>${level === null ? "no calls" : MOODS[level]}<//>
      <span class="url" title=${upstream.url}>${upstream.url}</span>
    </header>
    <dl class="figures">
      <${Figure} id="rate" label="calls" value=${upstream.rate} text=${rate(upstream.rate)} />
      <${Figure} id="errors" label="errors" value=${errors.ratio} text=${percent(errors.ratio)} tone=${errors.ratio >= 0.05 ? "bad" : errors.count ? "warn" : ""} />
      <${Figure} id="p95" label="p95" value=${latency.p95} text=${time(latency.p95)} />
      <${Figure} id="inflight" label="in flight" value=${upstream.inflight} text=${upstream.inflight} />
    </dl>
    ${upstream.series ? html`<${Chart} series=${upstream.series} at=${at} theme=${theme} label=${name} />` : null}
    <${Errors} errors=${errors} />
    <${Latency} figures=${upstream} />
    <${Breakers} breakers=${upstream.breakers} received=${received} dialogs=${dialogs} />
    <${Facts} upstream=${upstream} />
    <${Routes} routes=${upstream.routes ?? []} />
  </article>`;
}

export function Cards({ live, theme, dialogs }) {
  const { summary, received } = live;
  const [place, sorted] = useOrder(summary.upstreams);
  return html`<section class="cards" aria-label="Upstreams" ref=${place}>
    ${sorted.map((each) => html`<${Card} key=${each.name} upstream=${each} at=${summary.at} received=${received} theme=${theme} dialogs=${dialogs} />`)}
  </section>`;
}
