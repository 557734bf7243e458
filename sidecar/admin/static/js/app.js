// The page: header, strip, and the two views "Live" and "What it saved".
import { Cards } from "./cards.js";
import { Dialogs, useDialogs } from "./dialog.js";
import { Exchanges } from "./exchanges.js";
import { Banner, Header } from "./header.js";
import { Empty } from "./hints.js";
import { useCallback, useEffect, html, useState } from "./html.js";
import { useLive } from "./live.js";
import { Queue } from "./queue.js";
import { Report, useReport } from "./report.js";
import * as settings from "./settings.js";
import { Strip } from "./strip.js";
import { TokenForm } from "./token.js";

function useTheme() {
  const [theme, setTheme] = useState(settings.theme());
  const choose = useCallback((name) => {
    settings.show(name, true);
    setTheme(name);
  }, []);
  return [theme, choose];
}

function useShortcuts(keys) {
  useEffect(() => {
    const pressed = (event) => {
      const typing = event.target.closest?.("input, select, textarea, dialog");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  });
}

function Views({ view, choose }) {
  const one = (name, text) => html`<button
    type="button"
    aria-pressed=${String(view === name)}
    data-testid=${`view-${name}`}
    onClick=${() => choose(name)}
  >${text}</button>`;
  return html`<nav class="views segmented" aria-label="Views">
    ${one("live", "Live")}${one("saved", "What it saved")}
  </nav>`;
}

function Live({ live, theme, dialogs, filter, setFilter }) {
  const { summary, exchanges } = live;
  const upstreams = summary.upstreams;
  const quiet = !exchanges.length && !filter.upstream && !filter.status && summary.total.calls === 0;
  return html`
    ${quiet ? html`<${Empty} />` : null}
    <${Cards} live=${live} theme=${theme} dialogs=${dialogs} />
    ${summary.queue ? html`<${Queue} queue=${summary.queue} dialogs=${dialogs} paused=${live.link.status !== "live"} />` : null}
    ${quiet ? null : html`<${Exchanges} live=${live} names=${upstreams.map((each) => each.name)} filter=${filter} setFilter=${setFilter} dialogs=${dialogs} />`}
  `;
}

export function App() {
  const [span, setSpan] = useState(settings.chosenWindow());
  const [filter, setFilter] = useState({ upstream: "", status: "" });
  const [theme, setTheme] = useTheme();
  const [view, setView] = useState("live");
  const live = useLive(span, filter);
  const dialogs = useDialogs(live.refresh);
  const report = useReport(live.link.status, view === "saved");
  const paused = live.link.status === "paused";
  const choose = (name) => {
    settings.chooseWindow(name);
    setSpan(name);
  };
  useShortcuts({
    p: () => live.pause(!paused),
    t: () => setTheme(theme === "dark" ? "light" : "dark"),
    "/": () => document.getElementById("filter-text")?.focus(),
  });

  if (live.link.status === "locked") {
    return html`<${TokenForm} refresh=${live.refresh} />`;
  }
  return html`
    <a class="skip" href="#main">Skip to the figures</a>
    <${Header} live=${live} span=${span} setSpan=${choose} theme=${theme} setTheme=${setTheme} paused=${paused} />
    <main id="main" tabindex="-1">
      <h1 class="unseen">Sidecar dashboard</h1>
      <${Banner} summary=${live.summary} />
      ${report ? html`<${Views} view=${view} choose=${setView} />` : null}
      ${live.summary ? html`<${Strip} summary=${live.summary} />` : html`<p class="waiting" role="status">Asking the sidecar …</p>`}
      ${live.summary && view === "live" ? html`<${Live} live=${live} theme=${theme} dialogs=${dialogs} filter=${filter} setFilter=${setFilter} />` : null}
      ${report && view === "saved" ? html`<${Report} rows=${report} />` : null}
    </main>
    <${Dialogs} dialogs=${dialogs} />
  `;
}
