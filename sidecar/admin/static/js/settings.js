// What the page remembers of how somebody likes it: theme and window. Nothing of the traffic.
const KEY = "sidecar.dashboard";
const THEMES = ["light", "dark"];
export const WINDOWS = ["1m", "5m", "15m"];

function kept() {
  try {
    return JSON.parse(window.localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

function keep(change) {
  try {
    window.localStorage.setItem(KEY, JSON.stringify({ ...kept(), ...change }));
  } catch {
    // a browser that keeps nothing
  }
}

const ofSystem = () => (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

/** The theme that was chosen, else the system's. */
export const theme = () => (THEMES.includes(kept().theme) ? kept().theme : ofSystem());

/** Show a theme; with `choose`, from now on whatever the system has. */
export function show(name, choose = false) {
  document.documentElement.dataset.theme = name;
  if (choose) keep({ theme: name });
}

/** The window that was chosen last. */
export const chosenWindow = () => (WINDOWS.includes(kept().window) ? kept().window : WINDOWS[0]);

export const chooseWindow = (name) => keep({ window: name });
