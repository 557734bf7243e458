// The header: which sidecar this is, whether it answers, and how the page is to be.
import { age, clock } from "./format.js";
import { Chip } from "./figure.js";
import { cls, html } from "./html.js";
import { useNow } from "./live.js";
import { WINDOWS } from "./settings.js";

function Link({ link }) {
  const ago = age(Math.max(0, useNow() - link.since) / 1000);
  const text = {
    live: "live",
    starting: "asking …",
    paused: `paused ${ago} ago`,
    lost: `lost ${ago} ago, retrying`,
  }[link.status];
  return html`<span
    class=${cls("link", link.status)} role="status" data-testid="link" data-status=${link.status}
    title=${link.error ?? ""}
  ><i aria-hidden="true"></i>${text}</span>`;
}

function Reload({ reload }) {
  if (!reload) return null;
  const when = `at ${clock(reload.at)}`;
  const what = (reload.changes ?? []).join("\n") || "nothing changed";
  return reload.ok
    ? html`<${Chip} id="reload" tone="good" title=${what}>reloaded ${when}<//>`
    : html`<${Chip} id="reload" tone="bad">reload refused ${when}<//>`;
}

function Identity({ summary }) {
  const { config, version, uptime, state } = summary;
  const loaded = age(summary.at - config.loaded_at);
  return html`<span class="identity">
    <span data-testid="version">${version}</span>
    ${state === "ready" ? null : html`<${Chip} id="state" tone="warn">${state}<//>`}
    <span>config <code data-testid="config" title=${config.sha256}>${config.sha256.slice(0, 8)}</code>, ${loaded} old</span>
    <span>up <span data-testid="uptime">${age(uptime)}</span></span>
    <${Reload} reload=${config.reload} />
  </span>`;
}

export function Header({ live, span, setSpan, theme, setTheme, paused }) {
  const { link, summary } = live;
  const other = theme === "dark" ? "light" : "dark";
  return html`<header class="top">
    <span class="brand"><img src="static/icon.svg" alt="" width="26" height="26" /><b>sidecar</b></span>
    ${summary ? html`<${Identity} summary=${summary} />` : null}
    <span class="controls">
      <${Link} link=${link} />
      <span class="segmented" role="group" aria-label="Window of the figures">
        ${WINDOWS.map((name) => html`<button
          type="button" key=${name} aria-pressed=${String(name === span)}
          data-testid=${`window-${name}`} onClick=${() => setSpan(name)}
        >${name.replace("m", " min")}</button>`)}
      </span>
      <button type="button" data-testid="pause" aria-pressed=${String(paused)} title="p" onClick=${() => live.pause(!paused)}>
        ${paused ? "Resume" : "Pause"}
      </button>
      <button type="button" data-testid="theme" title="t" onClick=${() => setTheme(other)}>
        ${theme === "dark" ? "☀ Light" : "☾ Dark"}
      </button>
    </span>
  </header>`;
}

/** What was wrong with the configuration that was to be loaded; the old one goes on. */
export function Banner({ summary }) {
  const reload = summary?.config.reload;
  if (!reload || reload.ok) return null;
  return html`<section class="banner" role="alert" data-testid="reload-error">
    <b>The new configuration was refused; the one of ${clock(summary.config.loaded_at)} goes on.</b>
    <pre>${reload.error}</pre>
  </section>`;
}
