// p50, p95 and p99 as bars: the upstream's time, the sidecar's own, and what is neither.
import { time } from "./format.js";
import { html } from "./html.js";

const QUANTILES = ["p50", "p95", "p99"];

/** Shares of a bar in percent: upstream, sidecar, and the rest (waits, and bodies). */
export function parts(figures, quantile, most) {
  const all = figures.latency[quantile] ?? 0;
  const upstream = figures.upstream[quantile] ?? 0;
  const overhead = figures.overhead?.[quantile] ?? 0;
  const rest = Math.max(0, all - upstream - overhead);
  const share = (seconds) => (most > 0 ? (100 * seconds) / most : 0);
  return { upstream: share(upstream), overhead: share(overhead), rest: share(rest) };
}

export function Latency({ figures }) {
  const of = (quantile) =>
    Math.max(
      figures.latency[quantile] ?? 0,
      (figures.upstream[quantile] ?? 0) + (figures.overhead?.[quantile] ?? 0),
    );
  const most = Math.max(...QUANTILES.map(of));
  return html`<section aria-label="Latency">
    <h3>Latency <span class="key upstream">upstream</span><span class="key overhead">sidecar</span><span class="key rest" title="waits, and what follows the first byte">waits and body</span></h3>
    <table class="latency">
      <thead><tr>
        <th scope="col"><span class="unseen">quantile</span></th><td></td>
        <th scope="col">all</th><th scope="col">upstream</th><th scope="col">sidecar</th>
      </tr></thead>
      <tbody>${QUANTILES.map((quantile) => {
        const share = parts(figures, quantile, most);
        return html`<tr key=${quantile}>
          <th scope="row">${quantile}</th>
          <td class="bar" title="quantiles of each on their own: they need not add up">
            <span class="stack" aria-hidden="true">
              <i class="upstream" style=${{ width: `${share.upstream}%` }}></i>
              <i class="overhead" style=${{ width: `${share.overhead}%` }}></i>
              <i class="rest" style=${{ width: `${share.rest}%` }}></i>
            </span>
          </td>
          <td data-testid=${`latency-${quantile}`} data-value=${figures.latency[quantile] ?? ""}>${time(figures.latency[quantile])}</td>
          <td data-testid=${`upstream-${quantile}`} data-value=${figures.upstream[quantile] ?? ""}>${time(figures.upstream[quantile])}</td>
          <td data-testid=${`overhead-${quantile}`} data-value=${figures.overhead?.[quantile] ?? ""}>${time(figures.overhead?.[quantile])}</td>
        </tr>`;
      })}</tbody>
    </table>
  </section>`;
}
