// How figures are written. Everything takes what the admin API gives (seconds, ratios, counts), and
// null is a dash: what is not known is not 0.
export const NONE = "–";

const whole = new Intl.NumberFormat("en");
const missing = (value) => value === null || value === undefined || Number.isNaN(value);

/** A time that something took: 0.42 ms, 213 ms, 1.24 s, 2.6 min, 3.1 h. */
export function time(seconds) {
  if (missing(seconds)) return NONE;
  const ms = seconds * 1000;
  if (ms === 0) return "0 ms";
  if (ms < 0.1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 9.95) return `${ms.toFixed(ms < 0.995 ? 2 : 1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const [size, unit] = seconds < 3600 ? [60, "min"] : [3600, "h"];
  return `${(seconds / size).toFixed(1)} ${unit}`;
}

/** A long time, two units at the most: 12 s, 4 min 5 s, 3 h 2 min, 5 d 1 h. */
export function age(seconds) {
  if (missing(seconds)) return NONE;
  const left = Math.max(0, Math.round(seconds));
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => left >= size);
  if (first < 0) return "0 s";
  const [name, size] = units[first];
  const [nextName, nextSize] = units[first + 1] || [];
  const rest = nextName ? Math.floor((left % size) / nextSize) : 0;
  return `${Math.floor(left / size)} ${name}${rest ? ` ${rest} ${nextName}` : ""}`;
}

/** A countdown: 00:17, 01:02:03. */
export function countdown(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  const parts = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
  return parts.slice(parts[0] ? 0 : 1).map((part) => String(part).padStart(2, "0")).join(":");
}

/** A count: 1,234, 56.7k, 8.9M. */
export function count(value) {
  if (missing(value)) return NONE;
  if (Math.abs(value) < 10000) return whole.format(Math.round(value));
  if (Math.abs(value) < 999500) return `${(value / 1e3).toFixed(1)}k`;
  return `${(value / 1e6).toFixed(1)}M`;
}

/** Per second. */
export function rate(value) {
  if (missing(value)) return NONE;
  return `${value !== 0 && value < 9.95 ? value.toFixed(1) : count(value)}/s`;
}

/** A ratio in percent. */
export function percent(ratio) {
  if (missing(ratio)) return NONE;
  const value = ratio * 100;
  if (value === 0 || value === 100) return `${value} %`;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

/** Bytes, in powers of 1024. */
export function bytes(value) {
  if (missing(value)) return NONE;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  while (size >= 1023.5 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit && size < 9.95 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** A factor: ×1.04. */
export function factor(value) {
  return missing(value) ? NONE : `×${value.toFixed(2)}`;
}

/** The time of day of Unix seconds, with or without milliseconds. */
export function clock(at, exact = false) {
  if (missing(at)) return NONE;
  const date = new Date(at * 1000);
  const text = date.toLocaleTimeString("en-GB", { hour12: false });
  return exact ? `${text}.${String(date.getMilliseconds()).padStart(3, "0")}` : text;
}
