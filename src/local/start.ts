/** Starts the local Apie: options, database, HTTP server; and stops it. */
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { createApp } from "./app.ts";
import { ChangeHub } from "./changes.ts";
import { LocalApieError } from "./errors.ts";
import { BodyBudget } from "./http/body-budget.ts";
import { expireApprovals } from "./ingest/approvals.ts";
import { type LocalApieOptions, type LocalApieSettings, resolveOptions } from "./options.ts";
import type { Services } from "./services.ts";
import { Store } from "./store/index.ts";

export interface LocalApie {
  /** Where to reach it, without a trailing slash: the `baseUrl` of clients, and of `/v1/traces`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Stops listening, ends open connections and closes the database. Further calls return the same promise. */
  close(): Promise<void>;
}

/** Longer than clients keep idle connections, so that it is they who close and no request meets a closing socket. */
const KEEP_ALIVE_MS = 65_000;
/** What requests in flight get to finish at `close()`. */
const CLOSE_GRACE_MS = 1_000;

/** What headers get to arrive. */
const HEADERS_MS = 10_000;

const EXPIRY_CHECK_MS = 250;

const ANY_ADDRESS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };

function urlOf(host: string, port: number): string {
  const name = ANY_ADDRESS[host] ?? (host.includes(":") ? `[${host}]` : host);
  return `http://${name}:${port}`;
}

function listenError(error: NodeJS.ErrnoException, { host, port }: LocalApieSettings): LocalApieError {
  if (error.code === "EADDRINUSE") {
    return new LocalApieError(
      "port_in_use",
      `Port ${port} on ${host} is in use; stop what listens there, or choose another port (0 takes any free one)`,
      error,
    );
  }
  return new LocalApieError(
    "cannot_listen",
    `Cannot listen on ${host} port ${port}: ${error.message}`,
    error,
  );
}

async function listen(server: Server, settings: LocalApieSettings): Promise<AddressInfo> {
  server.listen(settings.port, settings.host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw listenError(error as NodeJS.ErrnoException, settings);
  }
  return server.address() as AddressInfo;
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  // A connection is idle once its answer is out; then nothing is lost by ending it.
  const sweep = setInterval(() => server.closeIdleConnections(), 10);
  await closed;
  clearTimeout(grace);
  clearInterval(sweep);
}

/** An error here has no request to be answered to, and must not end the process this is embedded in: told once in a row. */
function watchExpiry(services: Services): NodeJS.Timeout {
  let isBroken = false;
  const check = (): void => {
    try {
      expireApprovals(services);
      isBroken = false;
    } catch (error) {
      if (isBroken) return;
      isBroken = true;
      services.settings.onError(error, { method: "-", path: "expiry of approvals", requestId: "-" });
    }
  };
  return setInterval(check, EXPIRY_CHECK_MS).unref();
}

/**
 * Starts an embedded Apie: its HTTP API, an OTLP/HTTP trace receiver at `/v1/traces`, and a read API (`GET /api`).
 * Needs Node 22.13 or newer.
 * @throws ApieConfigError for wrong options, LocalApieError when it cannot start
 */
export async function startLocalApie(options?: LocalApieOptions): Promise<LocalApie> {
  const settings = resolveOptions(options);
  const store = await Store.open(settings.db, settings.onWarning);
  const closing = new AbortController();
  let url = "";
  const services: Services = {
    store,
    settings,
    bodies: new BodyBudget(settings.maxTotalBodyBytes),
    changes: new ChangeHub(),
    url: () => url,
    timestamp: () => new Date(settings.now()).toISOString(),
    closing: closing.signal,
  };
  for (const { policy, enabled } of settings.policies) {
    store.policies.put(policy, "custom", enabled, services.timestamp());
  }
  const app = createApp(services);
  const server = createAdaptorServer({
    fetch: app.fetch,
    // The globals of the process this is embedded in are not ours to replace.
    overrideGlobalObjects: false,
    serverOptions: {
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Who sends a byte now and then gives the connection back.
      requestTimeout: settings.requestTimeoutMs,
      headersTimeout: Math.min(HEADERS_MS, settings.requestTimeoutMs),
      connectionsCheckingInterval: Math.min(1_000, settings.requestTimeoutMs),
    },
  }) as Server;
  server.maxConnections = settings.maxConnections;

  let address: AddressInfo;
  try {
    address = await listen(server, settings);
  } catch (error) {
    store.close();
    throw error;
  }
  url = urlOf(settings.host, address.port);

  const expiry = watchExpiry(services);

  let closed: Promise<void> | undefined;
  return {
    url,
    host: settings.host,
    port: address.port,
    close() {
      closed ??= (async () => {
        clearInterval(expiry);
        closing.abort();
        await stop(server);
        store.close();
      })();
      return closed;
    },
  };
}
