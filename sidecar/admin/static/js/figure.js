// One figure with its name. `data-value` is the number as the admin API gave it, for tests and tools.
import { cls, html } from "./html.js";

/** A figure in large letters. */
export function Figure({ id, label, value, text, note, tone, title }) {
  return html`<div class=${cls("figure", tone)} title=${title}>
    <dt>${label}</dt>
    <dd>
      <span class="number" data-testid=${id} data-value=${value ?? ""}>${text}</span>
      ${note ? html`<span class="note">${note}</span>` : null}
    </dd>
  </div>`;
}

/** A number within a sentence. */
export function Num({ id, value, text }) {
  return html`<b class="num" data-testid=${id} data-value=${value ?? ""}>${text}</b>`;
}

/** A word in a pill. */
export function Chip({ id, tone, title, children }) {
  return html`<span class=${cls("chip", tone)} data-testid=${id} title=${title}>${children}</span>`;
}
