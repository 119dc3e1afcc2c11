/**
 * The files of the page, as `npm run build` leaves them in `dist/page`. They hold no data: what the page shows it reads from the
 * API, with the key where there is one.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { pathParameter } from "./query.ts";
import { notFound } from "./refusal.ts";
import type { AppContext, Route } from "./route.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Names of built files have a hash of what is in them. */
const FOR_EVER = "public, max-age=31536000, immutable";

/**
 * Nothing from elsewhere, and no script or style that is not one of the files: what agents wrote can never run. Nor can any text
 * become markup, as no policy is there that makes trusted types of it.
 */
const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-cache",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const NOT_BUILT = `<!doctype html><html lang="en"><title>Local Apie</title>
<h1>The page is not built yet</h1>
<p>This server runs from source. Run <code>npm run build</code> once, then load this page again.</p>
<p>The API works as it is: <a href="/api">/api</a> lists it.</p></html>
`;

interface Asset {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Files {
  readonly index: string;
  readonly assets: ReadonlyMap<string, Asset>;
}

/** Beside the built program, or where the build of these sources puts it. */
const folder = (): string =>
  fileURLToPath(
    new URL(import.meta.url.endsWith(".ts") ? "../../../dist/page/" : "./page/", import.meta.url),
  );

function readFiles(from: string): Files | undefined {
  if (!existsSync(`${from}index.html`)) return undefined;
  const assets = readdirSync(`${from}assets`).map((name): [string, Asset] => [
    name,
    {
      type: TYPES[extname(name)] ?? "application/octet-stream",
      bytes: new Uint8Array(readFileSync(`${from}assets/${name}`)),
    },
  ]);
  return { index: readFileSync(`${from}index.html`, "utf8"), assets: new Map(assets) };
}

let known: Files | undefined;

/** Read once; looked for again while there are none. A path from a request never becomes a path of the file system. */
const files = (): Files | undefined => {
  known ??= readFiles(folder());
  return known;
};

/** Whether a browser asks for a page to show: clients of the API accept anything, or JSON. */
export const wantsPage = (c: AppContext): boolean =>
  c.req.method === "GET" &&
  !/^\/(v1|api|assets|health)(\/|$)/.test(c.req.path) &&
  (c.req.header("accept") ?? "").includes("text/html");

/** The page, which shows the view that its address names. */
export function pageAnswer(c: AppContext): Response {
  const found = files();
  return found === undefined
    ? c.body(NOT_BUILT, 503, PAGE_HEADERS)
    : c.body(found.index, 200, { ...PAGE_HEADERS, vary: "accept" });
}

function asset(c: AppContext): Response {
  const name = pathParameter(c, "name");
  const found = files()?.assets.get(name);
  if (found === undefined) throw notFound("file of the page", name);
  return c.body(found.bytes, 200, { "content-type": found.type, "cache-control": FOR_EVER });
}

export const pageRoutes: readonly Route[] = [
  { method: "GET", path: "/assets/:name", summary: "A file of the page", handle: asset },
];
