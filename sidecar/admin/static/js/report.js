// "What it saved": the rows of /admin/report, whatever they are. Not there: no page.
import * as api from "./api.js";
import { bytes, count, percent, time } from "./format.js";
import { html, useEffect, useState } from "./html.js";

const EVERY = 10000;
const UNITS = { s: time, seconds: time, bytes, ratio: percent, "": count };

/** A value with its unit. */
export function told(value, unit) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  const known = UNITS[unit ?? ""];
  if (!known) return `${count(value)} ${unit}`;
  return known(value);
}

/** The rows; null as long as there is no such endpoint. */
export function useReport(status, shown) {
  const [rows, setRows] = useState(null);
  const live = status === "live";
  useEffect(() => {
    if (!live) return undefined;
    let gone = false;
    const ask = async () => {
      if (document.hidden) return;
      try {
        const there = await api.has("admin/report");
        const report = there ? await api.get("admin/report") : { rows: null };
        if (!gone) setRows(report.rows);
      } catch {
        // the page's own poll says that nobody answers
      }
    };
    ask();
    const timer = shown ? setInterval(ask, EVERY) : 0;
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [live, shown]);
  return rows;
}

export function Report({ rows }) {
  return html`<section class="panel saved" aria-label="What it saved" data-testid="report">
    <header><h2>What the application would have seen without it</h2></header>
    ${rows.length ? null : html`<p class="note">Nothing yet.</p>`}
    <dl class="report">${rows.map((row) => html`<div key=${row.name} data-testid="report-row" data-name=${row.name}>
      <dt>${row.label ?? String(row.name).replaceAll("_", " ")}</dt>
      <dd><span class="number" data-value=${row.value ?? ""}>${told(row.value, row.unit)}</span>
        ${row.estimate ? html` <span class="chip">estimated</span>` : null}</dd>
      <dd class="how">${row.how}</dd>
    </div>`)}</dl>
  </section>`;
}
