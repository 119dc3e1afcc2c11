/** Addresses of the page: every view, and every moment in it, has one. */
import { signal } from "@preact/signals";

export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

const here = (): Place => ({ path: location.pathname, query: new URLSearchParams(location.search) });

export const place = signal<Place>(here());

/** Goes to an address of the page. */
export function navigate(to: string, how: "push" | "replace" = "push"): void {
  if (to === `${location.pathname}${location.search}`) return;
  history[how === "push" ? "pushState" : "replaceState"](null, "", to);
  place.value = here();
}

/** Changes members of the query; those that are undefined or empty go. */
export function setQuery(
  members: Readonly<Record<string, string | undefined>>,
  how: "push" | "replace" = "replace",
): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  navigate(`${location.pathname}${text === "" ? "" : `?${text}`}`, how);
}

/** Links within the page do not load it anew. */
export function followLinks(): void {
  addEventListener("popstate", () => {
    place.value = here();
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (
      link === null ||
      !isPlain ||
      event.defaultPrevented ||
      link.target !== "" ||
      link.hasAttribute("download")
    )
      return;
    if (link.origin !== location.origin || link.pathname.startsWith("/api")) return;
    event.preventDefault();
    navigate(`${link.pathname}${link.search}`);
  });
}

export const sessionAddress = (id: string, at?: string): string =>
  `/sessions/${encodeURIComponent(id)}${at === undefined ? "" : `?at=${encodeURIComponent(at)}`}`;

export const runAddress = (id: string, at?: string): string =>
  `/runs/${encodeURIComponent(id)}${at === undefined ? "" : `?at=${encodeURIComponent(at)}`}`;

export const agentAddress = (key: string): string => `/agents/${encodeURIComponent(key)}`;

export const traceAddress = (id: string, span?: string): string =>
  `/traces/${encodeURIComponent(id)}${span === undefined ? "" : `?span=${encodeURIComponent(span)}`}`;
