/** A route as data: the server is built from these, and `GET /api` lists them, so neither can differ from the other. */
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { Services } from "../services.ts";

export interface AppEnvironment {
  Bindings: HttpBindings;
  Variables: { requestId: string };
}

export type AppContext = Context<AppEnvironment>;

export interface Route {
  readonly method: "GET" | "POST";
  /** Pattern with `:parameters`. */
  readonly path: string;
  /** One line: what it answers or does. */
  readonly summary: string;
  /** Query parameters and what each means. */
  readonly query?: Readonly<Record<string, string>>;
  readonly handle: (c: AppContext, services: Services) => Response | Promise<Response>;
}
