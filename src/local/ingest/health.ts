/** `GET /` and `GET /health`; neither needs a key. */
import { pageAnswer, wantsPage } from "../http/page.ts";
import type { Route } from "../http/route.ts";

export const healthRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/",
    summary: "The page for browsers; for clients, name and status of this server",
    handle: (c) => (wantsPage(c) ? pageAnswer(c) : c.json({ name: "apie-otel local", status: "ok" })),
  },
  {
    method: "GET",
    path: "/health",
    summary: "Whether the server and its database answer",
    handle: (c, services) =>
      services.store.healthy()
        ? c.json({ status: "ok", database: "connected" })
        : c.json({ status: "error", database: "disconnected" }, 503),
  },
];
