// The last exchanges as a waterfall, with filters.
import { Details } from "./details.js";
import { Chip } from "./figure.js";
import { clock, time } from "./format.js";
import { cls, html, useMemo, useState } from "./html.js";
import { nameOf, scaleOf, segments } from "./segments.js";

const STATUSES = [["", "all answers"], ["error", "without an answer"], ["5xx", "5xx"], ["4xx", "4xx"], ["429", "429"], ["3xx", "3xx"], ["2xx", "2xx"]];
const LEGEND = ["held", "paced", "queued", "pool", "dial", "attempt", "backoff", "stream", "cache", "own"];

/** Whether it failed at first, and then did not. */
export const isRescued = (exchange) =>
  exchange.attempts_made > 1 && exchange.error === null && exchange.status < 500;

function tone(exchange) {
  if (exchange.error || exchange.status >= 500 || exchange.status === null) return "bad";
  return exchange.status >= 400 ? "warn" : "good";
}

function Bar({ exchange, scale }) {
  return html`<span class="waterfall" aria-hidden="true">
    ${segments(exchange).map(({ kind, from, to, number, bad }, index) => html`<i
      key=${index} class=${cls("segment", kind, { bad })} title=${`${nameOf(kind, number)}: ${time(to - from)}`}
      style=${{ left: `${Math.min(100, (100 * from) / scale)}%`, width: `${Math.min(100 - Math.min(100, (100 * from) / scale), (100 * (to - from)) / scale)}%` }}
    ></i>`)}
    ${exchange.duration > scale ? html`<i class="beyond"></i>` : null}
  </span>`;
}

function Row({ exchange, scale, open }) {
  return html`<li><button
    type="button" class=${cls("row", tone(exchange))} data-testid="exchange"
    data-seq=${exchange.seq} onClick=${() => open(exchange)}
  >
    <span class="at">${clock(exchange.at)}</span>
    <span class="status" title=${exchange.error ?? ""}>${exchange.status ?? exchange.error ?? "–"}</span>
    <span class="who">${exchange.upstream}</span>
    <span class="what"><b>${exchange.method}</b> <span data-testid="target">${exchange.target}</span></span>
    <span class="chips">
      ${exchange.source === "cache" ? html`<${Chip} tone="good">cached<//>` : null}
      ${isRescued(exchange) ? html`<${Chip} tone="good">rescued<//>` : null}
      ${exchange.client_left ? html`<${Chip}>client left<//>` : null}
    </span>
    <${Bar} exchange=${exchange} scale=${scale} />
    <span class="took">${time(exchange.duration)}</span>
  </button></li>`;
}

/** Every word must be somewhere in what a row says. */
export function matches(exchange, text) {
  const { id, upstream, route, method, target, status, error } = exchange;
  const said = [id, upstream, route, method, target, status, error].join(" ").toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => said.includes(word));
}

function Filters({ names, filter, setFilter, text, setText }) {
  const set = (name) => (event) => setFilter({ ...filter, [name]: event.target.value });
  const option = ([value, shown], chosen) => html`<option key=${value} value=${value} selected=${value === chosen}>${shown}</option>`;
  return html`<form class="filters" role="search" aria-label="Exchanges" onSubmit=${(event) => event.preventDefault()}>
    <select aria-label="Upstream" data-testid="filter-upstream" onChange=${set("upstream")}>
      ${[["", "all upstreams"], ...names.map((name) => [name, name])].map((each) => option(each, filter.upstream))}
    </select>
    <select aria-label="Answer" data-testid="filter-status" onChange=${set("status")}>
      ${STATUSES.map((each) => option(each, filter.status))}
    </select>
    <input
      id="filter-text" type="search" placeholder="path, method, id …   ( / )" aria-label="Text"
      data-testid="filter-text" value=${text} onInput=${(event) => setText(event.target.value)}
    />
  </form>`;
}

function Legend() {
  return html`<p class="legend" aria-hidden="true">
    ${LEGEND.map((kind) => html`<span key=${kind}><i class=${`segment ${kind}`}></i>${kind === "attempt" ? "attempt" : nameOf(kind)}</span>`)}
  </p>`;
}

export function Exchanges({ live, names, filter, setFilter, dialogs }) {
  const [text, setText] = useState("");
  const shown = useMemo(
    () => live.exchanges.filter((each) => matches(each, text.trim())),
    [live.exchanges, text],
  );
  const scale = scaleOf(shown);
  const urls = new Map(live.summary.upstreams.map((each) => [each.name, each.url]));
  const open = (exchange) =>
    dialogs.view({
      title: `Exchange ${exchange.seq}`,
      content: html`<${Details} exchange=${exchange} fallback=${urls.get(exchange.upstream) ?? ""} />`,
    });
  return html`<section class="panel exchanges" aria-label="Recent exchanges" data-testid="exchanges">
    <header><h2>Exchanges</h2>
      <${Filters} names=${names} filter=${filter} setFilter=${setFilter} text=${text} setText=${setText} />
      <span class="note">${live.missed ? "some were missed · " : ""}<span data-testid="shown">${shown.length}</span> shown, ${time(scale)} wide</span>
    </header>
    <${Legend} />
    ${shown.length
      ? html`<ul class="rows">${shown.map((each) => html`<${Row} key=${each.seq} exchange=${each} scale=${scale} open=${open} />`)}</ul>`
      : html`<p class="note" data-testid="no-exchanges">None so far.</p>`}
  </section>`;
}
