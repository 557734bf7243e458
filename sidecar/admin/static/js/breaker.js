// Circuit breakers of one upstream: how each stands, until when, and forcing it by hand.
import * as api from "./api.js";
import { age, countdown, percent } from "./format.js";
import { cls, html, useState } from "./html.js";
import { useNow } from "./live.js";

const FEW = 4;
const NAMES = {
  closed: "closed",
  open: "open",
  half_open: "half-open",
  forced_open: "forced open",
  forced_closed: "forced closed",
  observed: "observed only",
};
const TONES = { closed: "good", open: "bad", half_open: "warn", forced_open: "bad", forced_closed: "warn", observed: "warn" };
const DURATIONS = [["1m", "1 minute"], ["5m", "5 minutes"], ["10m", "10 minutes"], ["30m", "30 minutes"], ["1h", "1 hour"], ["6h", "6 hours"], ["1d", "1 day"]];
const FORCES = {
  open: ["Force open", "Every call is refused at once, without reaching the upstream.", "danger"],
  close: ["Force closed", "Every call is let through, whatever comes of it.", "primary"],
  observe: ["Observe only", "Every call is let through; what the breaker would have done is counted.", "primary"],
};

/** Whether it keeps calls back now. */
export const isTroubled = (breaker) =>
  ["open", "half_open", "forced_open"].includes(breaker.state);

const rank = (breaker) => (isTroubled(breaker) ? 0 : breaker.forced ? 1 : 2);

function force(dialogs, name, action) {
  const [title, text, tone] = FORCES[action];
  dialogs.ask({
    title: `${title}: ${name}`,
    text,
    tone,
    action: title,
    fields: [
      { name: "for", label: "For", options: DURATIONS, value: "10m" },
      { name: "reason", label: "Reason", hint: "is written to the audit log" },
    ],
    run: async (values) => {
      const now = await api.post(`${api.breakerPath(name)}/${action}`, values);
      return `${name} is ${NAMES[now.state] ?? now.state} for ${age(now.forced?.seconds_left)}`;
    },
  });
}

const reset = (dialogs, name) =>
  dialogs.act(async () => {
    const now = await api.post(`${api.breakerPath(name)}/reset`);
    return `${name} is ${NAMES[now.state] ?? now.state}, and decides by itself`;
  });

function Until({ breaker, received }) {
  const passed = Math.max(0, useNow() - received) / 1000; // the tick may be older
  const { forced, seconds_to_probe: probe } = breaker;
  if (forced) return html`<span data-testid="until">${countdown(forced.seconds_left - passed)} left</span>`;
  if (probe !== null && probe !== undefined) {
    const left = probe - passed;
    return html`<span data-testid="until">${left > 0 ? `probe in ${countdown(left)}` : "probes next"}</span>`;
  }
  return null;
}

function Why({ breaker }) {
  const said = breaker.forced?.reason;
  if (said) return html`<q data-testid="reason">${said}</q>`;
  const last = breaker.tripped_by?.at(-1);
  if (last && isTroubled(breaker)) return html`<span>after ${breaker.tripped_by.length} × ${last.reason}</span>`;
  if (!breaker.calls) return html`<span>no calls counted</span>`;
  return html`<span>${percent(breaker.failure_rate)} of ${breaker.calls} failed</span>`;
}

function Breaker({ breaker, received, dialogs }) {
  const { name, state } = breaker;
  const button = (action, text, run, title) => html`<button
    type="button" class="small" title=${title} aria-label=${`${text} ${name}`}
    data-testid=${`breaker-${action}`} onClick=${run}
  >${text}</button>`;
  return html`<li class=${cls("breaker", TONES[state])} data-testid="breaker" data-name=${name} data-state=${state}>
    <span class="name" title=${name}>${name}</span>
    <b class="state">${NAMES[state] ?? state}</b>
    <span class="note"><${Until} breaker=${breaker} received=${received} /> <${Why} breaker=${breaker} />
      ${breaker.held ? html` · ${breaker.held} held` : null}${breaker.enforced === false ? " · not enforced" : null}</span>
    <span class="buttons">
      ${breaker.forced
        ? button("auto", "Auto", () => reset(dialogs, name), "closed, nothing counted, and it decides by itself again")
        : button("reset", "Reset", () => reset(dialogs, name), "closed, and nothing counted")}
      ${button("open", "Force open…", () => force(dialogs, name, "open"), FORCES.open[1])}
      ${button("close", "Close…", () => force(dialogs, name, "close"), FORCES.close[1])}
      ${button("observe", "Observe…", () => force(dialogs, name, "observe"), FORCES.observe[1])}
    </span>
  </li>`;
}

export function Breakers({ breakers, received, dialogs }) {
  const [all, setAll] = useState(false);
  if (!breakers.length) return null;
  const sorted = [...breakers].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  const shown = all ? sorted : sorted.slice(0, FEW);
  return html`<section aria-label="Circuit breakers">
    <h3>Breakers</h3>
    <ul class="breakers">
      ${shown.map((each) => html`<${Breaker} key=${each.name} breaker=${each} received=${received} dialogs=${dialogs} />`)}
    </ul>
    ${sorted.length > FEW ? html`<button type="button" class="small" onClick=${() => setAll(!all)}>${all ? "fewer" : `${sorted.length - FEW} more`}</button>` : null}
  </section>`;
}
