// Asks again and again, and never stops for good: it rests while the page is hidden or paused, and
// backs off while nobody answers. Knows nothing of what is asked.
import { Locked } from "./api.js";

const SLOWEST = 10000;

/**
 * @param work an async function: one round.
 * @param every milliseconds between rounds.
 * @param tell hears {status: "live" | "lost" | "locked" | "paused", since, error}.
 */
export function poller(work, every, tell) {
  let timer = 0;
  let failures = 0;
  let paused = false;
  let stopped = false;
  let busy = null;
  let heard = Date.now();

  const resting = () => stopped || paused || document.hidden;

  async function attempt() {
    try {
      await work();
      failures = 0;
      heard = Date.now();
      if (!paused) tell({ status: "live", since: heard });
    } catch (error) {
      failures += 1;
      const status = error instanceof Locked ? "locked" : "lost";
      if (!paused) tell({ status, since: heard, error: error.message });
    }
  }

  function later() {
    clearTimeout(timer);
    if (resting()) return;
    const wait = failures ? Math.min(SLOWEST, 500 * 2 ** Math.min(failures - 1, 5)) : every;
    timer = setTimeout(now, wait);
  }

  /** A round at once; one that is under way is waited for first. */
  async function now() {
    clearTimeout(timer);
    while (busy) await busy;
    if (stopped) return;
    busy = attempt().finally(() => {
      busy = null;
    });
    await busy;
    later();
  }

  const seen = () => (document.hidden ? clearTimeout(timer) : !paused && now());
  document.addEventListener("visibilitychange", seen);
  window.addEventListener("online", seen);
  now();

  return {
    now,
    pause(value) {
      paused = value;
      if (paused) {
        clearTimeout(timer);
        tell({ status: "paused", since: heard });
      } else now();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      window.removeEventListener("online", seen);
    },
  };
}
