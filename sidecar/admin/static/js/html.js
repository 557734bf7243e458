// The one place that knows the libraries: templates are text in `html`, and all values are escaped.
import { h, render } from "../vendor/preact.mjs";
import htm from "../vendor/htm.mjs";

export { useCallback, useEffect, useMemo, useRef, useState } from "../vendor/hooks.mjs";
export { render };
export const html = htm.bind(h);

/** Class names from what is true: cls("card", {bad: true}) is "card bad". */
export function cls(...parts) {
  return parts
    .flatMap((part) =>
      part && typeof part === "object"
        ? Object.keys(part).filter((name) => part[name])
        : part || [],
    )
    .join(" ");
}
