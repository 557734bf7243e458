// The figures of all upstreams together.
import { count, percent, rate, time } from "./format.js";
import { Figure } from "./figure.js";
import { html } from "./html.js";
import { isTroubled } from "./breaker.js";

const DEAD = ["failed", "expired", "unknown"];

/** Deliveries that will not move by themselves. */
export const deadLetters = (depth) => DEAD.reduce((sum, state) => sum + (depth[state] ?? 0), 0);

/** Deliveries that will. */
export const waiting = (depth) => (depth.queued ?? 0) + (depth.sending ?? 0);

const sum = (list, of) => list.reduce((total, each) => total + of(each), 0);

export function Strip({ summary }) {
  const { total, upstreams, queue } = summary;
  const breakers = upstreams.flatMap((each) => each.breakers);
  const open = breakers.filter(isTroubled).length;
  const inflight = sum(upstreams, (each) => each.inflight);
  const saved = total.cache.seconds_saved;
  const dead = queue ? deadLetters(queue.depth) : 0;
  const errors = total.errors;
  return html`<dl class="strip" data-testid="strip">
    <${Figure} id="strip-rate" label="calls" value=${total.rate} text=${rate(total.rate)} title=${`${total.calls} in ${Math.round(summary.window)} s`} />
    <${Figure} id="strip-errors" label="errors" value=${errors.ratio} text=${percent(errors.ratio)} tone=${errors.ratio >= 0.05 ? "bad" : errors.count ? "warn" : ""} title=${`${errors.count} of ${total.calls}`} />
    <${Figure} id="strip-p95" label="p95" value=${total.latency.p95} text=${time(total.latency.p95)} />
    <${Figure} id="strip-overhead" label="sidecar overhead" value=${total.overhead?.p50} text=${time(total.overhead?.p50)} note=${html`p99 <span data-testid="strip-overhead-p99" data-value=${total.overhead?.p99 ?? ""}>${time(total.overhead?.p99)}</span>`} title="what the sidecar itself adds: median, and p99" />
    <${Figure} id="strip-inflight" label="in flight" value=${inflight} text=${count(inflight)} />
    <${Figure} id="strip-rescued" label="rescued" value=${total.retries.rescued} text=${count(total.retries.rescued)} tone=${total.retries.rescued ? "good" : ""} title="calls that failed at first, and succeeded by being repeated" />
    <${Figure} id="strip-saved" label="saved, estimated" value=${saved} text=${time(saved)} tone=${saved ? "good" : ""} title="hits × the median time that the upstream takes for misses" />
    <${Figure} id="strip-breakers" label="open breakers" value=${open} text=${count(open)} tone=${open ? "bad" : ""} />
    ${queue ? html`<${Figure} id="strip-queue" label="queued" value=${waiting(queue.depth)} text=${count(waiting(queue.depth))} note=${html`<span class=${dead ? "bad" : ""}><span data-testid="strip-dead" data-value=${dead}>${count(dead)}</span> dead</span>`} tone=${queue.up ? "" : "bad"} title=${queue.up ? "deliveries that wait, and dead letters" : "the spool does not answer"} />` : null}
  </dl>`;
}
