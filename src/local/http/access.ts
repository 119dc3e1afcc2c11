/**
 * Who may talk to the server. It holds prompts and results, and any page in a browser on this machine can send
 * requests to loopback, so: on loopback the Host header must name loopback (DNS rebinding), a request that a browser says
 * comes from elsewhere (Origin, Sec-Fetch-Site) is refused, no CORS header is ever sent, and with a key set the key must be
 * right. Keys are no part of addresses, which end up in logs and histories.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { isLoopbackHost, type LocalApieSettings } from "../options.ts";
import { RateLimit } from "./rate-limit.ts";
import { Refusal } from "./refusal.ts";
import type { AppContext, AppEnvironment } from "./route.ts";
import { systemOf } from "./systems.ts";

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

const bareHost = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, "$1");

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Everything but `GET /`, `GET /health` and the page, which hold no data, needs the key. */
const needsKey = (path: string): boolean => /^\/(v1|api)(\/|$)/.test(path) || systemOf(path) !== undefined;

const isRead = (method: string): boolean => method === "GET" || method === "HEAD";

const clientOf = (c: AppContext): string => c.env.incoming.socket.remoteAddress ?? "";

function tooMany(code: string, message: string, seconds: number): Refusal {
  return new Refusal(429, code, `${message}; wait ${seconds} s`, {
    headers: { "retry-after": String(seconds) },
  });
}

function checkHost(c: AppContext, { loopback, host: ours }: LocalApieSettings): void {
  if (!loopback) return;
  const given = c.req.header("host");
  const name = bareHost(urlOf(`http://${given ?? ""}`)?.hostname ?? "");
  if (isLoopbackHost(name) || name === ours) return;
  throw new Refusal(
    403,
    "forbidden_host",
    `Host ${given ?? "(none)"} is not this server; use its loopback address`,
  );
}

/** A person follows a link to a view of the page: the page that has the link learns nothing of what is shown. */
function isNavigation(c: AppContext): boolean {
  return (
    c.req.method === "GET" &&
    c.req.header("sec-fetch-mode") === "navigate" &&
    c.req.header("sec-fetch-dest") === "document"
  );
}

function checkOrigin(c: AppContext): void {
  const origin = c.req.header("origin");
  const host = urlOf(`http://${c.req.header("host") ?? ""}`);
  if (origin !== undefined && (host === undefined || urlOf(origin)?.host !== host.host)) {
    throw new Refusal(
      403,
      "forbidden_origin",
      `Requests from ${origin} are not taken: only this server's own pages may call it`,
    );
  }
  // Images, frames and scripts of other sites are asked for without an Origin.
  const site = c.req.header("sec-fetch-site");
  if (site === undefined || site === "same-origin" || site === "none" || isNavigation(c)) return;
  throw new Refusal(
    403,
    "forbidden_origin",
    `Requests from a page of another site (sec-fetch-site: ${site}) are not taken: only this server's own pages may call it`,
  );
}

const SECRET = /^(?:.*[-_])?(?:key|token|secret|password|authorization)$|^(?:apikey|accesstoken)$/i;

function checkAddress(c: AppContext): void {
  const name = Object.keys(c.req.queries()).find((one) => SECRET.test(one));
  if (name === undefined) return;
  throw new Refusal(
    400,
    "secret_in_query",
    `The query parameter ${name} looks like a secret, and addresses end up in logs: send Authorization: Bearer <key>`,
  );
}

/** As `Bearer <key>`; tools of another system may send it in a header of that system's. */
function keyIn(c: AppContext): string | undefined {
  const given = c.req.header("authorization");
  if (given !== undefined) return given.replace(/^bearer +/i, "Bearer ");
  const header = systemOf(c.req.path)?.keyHeader;
  const key = header === undefined ? undefined : c.req.header(header);
  return key === undefined ? undefined : `Bearer ${key}`;
}

/** The key, compared in constant time; who guesses too often waits. */
function keyCheck({ key, maxWrongKeysPerMinute: perMinute }: LocalApieSettings): (c: AppContext) => void {
  if (key === undefined) return () => undefined;
  const wanted = digest(`Bearer ${key}`);
  const guesses = new RateLimit(perMinute / 60, perMinute);
  return (c) => {
    if (!needsKey(c.req.path)) return;
    const given = keyIn(c);
    const refuse = (message: string): Refusal =>
      new Refusal(401, "unauthorized", message, { headers: { "www-authenticate": "Bearer" } });
    if (given === undefined)
      throw refuse("This server was started with a key: send Authorization: Bearer <key>");
    // Not even the right key is looked at then: else guessing would only be noisier, not slower.
    const seconds = guesses.wait(clientOf(c));
    if (seconds > 0) throw tooMany("too_many_wrong_keys", "Too many wrong keys from this address", seconds);
    if (timingSafeEqual(digest(given), wanted)) return;
    guesses.take(clientOf(c));
    throw refuse("The key is not the one this server was started with");
  };
}

function writeCheck({ maxWritesPerSecond: perSecond }: LocalApieSettings): (c: AppContext) => void {
  const writes = new RateLimit(perSecond, perSecond * 4);
  return (c) => {
    if (isRead(c.req.method)) return;
    const seconds = writes.take(clientOf(c));
    if (seconds > 0)
      throw tooMany("too_many_requests", `More than ${perSecond} writes a second from this address`, seconds);
  };
}

export function guardAccess(settings: LocalApieSettings): MiddlewareHandler<AppEnvironment> {
  const checkKey = keyCheck(settings);
  const checkWrites = writeCheck(settings);
  return async (c, next) => {
    checkHost(c, settings);
    checkOrigin(c);
    checkAddress(c);
    checkKey(c);
    checkWrites(c);
    await next();
  };
}
