/**
 * Who may talk to the server. It holds prompts and results, and any page in a browser on this machine can send
 * requests to loopback, so: on loopback the Host header must name loopback (DNS rebinding), a request with an Origin
 * must come from the server's own page, no CORS header is ever sent, and with a key set the key must be right.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { isLoopbackHost, type LocalApieSettings } from "../options.ts";
import { Refusal } from "./refusal.ts";
import type { AppEnvironment } from "./route.ts";

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

const bareHost = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, "$1");

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Everything but `GET /` and `GET /health` (and, later, the files of the page) needs the key. */
const needsKey = (path: string): boolean => /^\/(v1|api)(\/|$)/.test(path);

export function guardAccess(settings: LocalApieSettings): MiddlewareHandler<AppEnvironment> {
  const wanted = settings.key === undefined ? undefined : digest(`Bearer ${settings.key}`);
  return async (c, next) => {
    const host = urlOf(`http://${c.req.header("host") ?? ""}`);
    if (settings.loopback) {
      const name = bareHost(host?.hostname ?? "");
      if (!isLoopbackHost(name) && name !== settings.host) {
        throw new Refusal(
          403,
          "forbidden_host",
          `Host ${c.req.header("host") ?? "(none)"} is not this server; use its loopback address`,
        );
      }
    }
    const origin = c.req.header("origin");
    if (origin !== undefined && (host === undefined || urlOf(origin)?.host !== host.host)) {
      throw new Refusal(
        403,
        "forbidden_origin",
        `Requests from ${origin} are not taken: only this server's own pages may call it`,
      );
    }
    if (wanted !== undefined && needsKey(c.req.path)) {
      const given = c.req.header("authorization")?.replace(/^bearer +/i, "Bearer ");
      if (given === undefined || !timingSafeEqual(digest(given), wanted)) {
        throw new Refusal(
          401,
          "unauthorized",
          given === undefined
            ? "This server was started with a key: send Authorization: Bearer <key>"
            : "The key is not the one this server was started with",
          { headers: { "www-authenticate": "Bearer" } },
        );
      }
    }
    await next();
  };
}
