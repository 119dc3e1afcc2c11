/** The HTTP application: request ids, access, routes, and refusals as JSON. */
import { Hono } from "hono";
import { guardAccess } from "./http/access.ts";
import { pageAnswer, wantsPage } from "./http/page.ts";
import { Refusal } from "./http/refusal.ts";
import type { AppEnvironment } from "./http/route.ts";
import { systemOf } from "./http/systems.ts";
import { newId } from "./ids.ts";
import { ROUTES } from "./routes.ts";
import type { Services } from "./services.ts";

const METHODS_BY_PATH: ReadonlyMap<string, readonly string[]> = new Map(
  ROUTES.map(({ path }) => [
    path,
    ROUTES.filter((route) => route.path === path).map((route) => route.method),
  ]),
);

/**
 * What a browser may do with an answer: nothing but read it in this server's own page. A route that answers with a page
 * says itself what that page may load.
 */
const SAFE_ANSWER = [
  ["x-content-type-options", "nosniff"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-resource-policy", "same-origin"],
  ["cache-control", "no-store"],
] as const;

export function createApp(services: Services): Hono<AppEnvironment> {
  const app = new Hono<AppEnvironment>();

  app.use(async (c, next) => {
    const requestId = newId("req");
    c.set("requestId", requestId);
    c.header("x-request-id", requestId);
    for (const [name, value] of SAFE_ANSWER) c.header(name, value);
    await next();
  });
  app.use(guardAccess(services.settings));

  for (const { method, path, handle } of ROUTES) app.on(method, path, (c) => handle(c, services));
  for (const [path, methods] of METHODS_BY_PATH) {
    app.all(path, (c) => {
      const allow = methods.join(", ");
      throw new Refusal(
        405,
        "method_not_allowed",
        `${c.req.method} ${c.req.path} is not supported; use ${allow}`,
        {
          headers: { allow },
        },
      );
    });
  }

  app.notFound((c) => {
    // Addresses of the page's own views.
    if (wantsPage(c)) return pageAnswer(c);
    const refusal = new Refusal(
      404,
      "not_found",
      `There is no ${c.req.method} ${c.req.path}; GET /api lists what there is`,
    );
    return c.json(refusal.body(), 404);
  });

  app.onError((error, c) => {
    if (error instanceof Refusal) {
      const body = systemOf(c.req.path)?.refusal(error) ?? error.body();
      return c.json(body, error.status, { ...error.headers });
    }
    const requestId = c.get("requestId");
    services.settings.onError(error, { method: c.req.method, path: c.req.path, requestId });
    return c.json(
      { error: { code: "internal", message: `The local Apie failed; its log has more under ${requestId}` } },
      500,
    );
  });

  return app;
}
