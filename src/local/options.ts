/** Options of `startLocalApie`, checked as a whole: every wrong field is named at once. */
import { isIP } from "node:net";
import { z } from "zod";
import { ApieConfigError } from "../model/errors.ts";
import type { Policy } from "./guardrails/policy.ts";
import { POLICY, type PolicyBody, policyOf } from "./wire/policies.ts";

export interface LocalApieOptions {
  /** TCP port; 0 takes any free one. Default 0. */
  port?: number | undefined;
  /** Address or name to listen on. Default 127.0.0.1. Anything that is not loopback needs `key`. */
  host?: string | undefined;
  /**
   * API key. When set, every request but those for the page must carry `Authorization: Bearer <key>`; on routes of ag.dev's
   * schema `X-API-Key: <key>` will do.
   * Default: none, and then any bearer token, or none, is accepted.
   */
  key?: string | undefined;
  /** Database file, created with mode 0600 when it does not exist. Default: in memory, gone at `close()`. */
  db?: string | undefined;
  /** Guardrail policies to begin with; one that the database has under the same key is replaced. */
  policies?: readonly PolicyBody[] | undefined;
  /** How long an approval waits for a human before it expires, in ms. Default one hour. */
  approvalTtlMs?: number | undefined;
  /** Largest JSON body in bytes, after decompression. Default 8 MiB. */
  maxBodyBytes?: number | undefined;
  /** Largest OTLP body in bytes, after decompression. Default 64 MiB. */
  maxOtlpBodyBytes?: number | undefined;
  /**
   * Bytes of all bodies that are being read at one time, of compressed ones both forms. More are answered 503 with
   * `retry-after`. At least twice the largest body. Default 256 MiB, or four times the largest body.
   */
  maxTotalBodyBytes?: number | undefined;
  /** Writes that one client address may make per second, for ever; four times as many at once. More are answered 429. Default 5000. */
  maxWritesPerSecond?: number | undefined;
  /** Wrong keys that one client address may send per minute; then it waits, with 429. Default 30. */
  maxWrongKeysPerMinute?: number | undefined;
  /** Connections at one time; further ones are closed. Default 1000. */
  maxConnections?: number | undefined;
  /** How long a request may take to arrive whole, in ms; then it is answered 408. Default 60,000. */
  requestTimeoutMs?: number | undefined;
  /** Clock, in milliseconds since the epoch. Default `Date.now`. */
  now?: (() => number) | undefined;
  /** Told of what is dangerous and goes on all the same, e.g. a database that others can read. Default: `console.warn`. */
  onWarning?: ((message: string) => void) | undefined;
  /** Told of errors inside the server, which answered 500 for them. Default: `console.error`. */
  onError?:
    | ((error: unknown, request: { method: string; path: string; requestId: string }) => void)
    | undefined;
}

export interface LocalApieSettings {
  readonly port: number;
  readonly host: string;
  readonly loopback: boolean;
  readonly key: string | undefined;
  readonly db: string | undefined;
  readonly policies: readonly StartPolicy[];
  readonly approvalTtlMs: number;
  readonly maxBodyBytes: number;
  readonly maxOtlpBodyBytes: number;
  readonly maxTotalBodyBytes: number;
  readonly maxWritesPerSecond: number;
  readonly maxWrongKeysPerMinute: number;
  readonly maxConnections: number;
  readonly requestTimeoutMs: number;
  readonly now: () => number;
  readonly onWarning: (message: string) => void;
  readonly onError: NonNullable<LocalApieOptions["onError"]>;
}

interface StartPolicy {
  readonly policy: Policy;
  readonly enabled: boolean;
}

const MIB = 1024 * 1024;

const FUNCTION = z.custom<never>((value) => typeof value === "function", "must be a function");

const OPTIONS = z.strictObject({
  port: z.int().min(0).max(65_535).optional(),
  host: z.string().min(1).optional(),
  key: z
    .string()
    .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces, as it travels in a header")
    .optional(),
  db: z.string().min(1).optional(),
  policies: z.array(POLICY.strict()).optional(),
  approvalTtlMs: z.int().min(1).optional(),
  maxBodyBytes: z.int().min(1024).optional(),
  maxOtlpBodyBytes: z.int().min(1024).optional(),
  maxTotalBodyBytes: z.int().min(1024).optional(),
  maxWritesPerSecond: z.int().min(1).optional(),
  maxWrongKeysPerMinute: z.int().min(1).optional(),
  maxConnections: z.int().min(1).optional(),
  requestTimeoutMs: z.int().min(1).optional(),
  now: FUNCTION.optional(),
  onWarning: FUNCTION.optional(),
  onError: FUNCTION.optional(),
});

/** Whether a listen address can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  if (host.toLowerCase() === "localhost") return true;
  if (isIP(host) === 4) return host.startsWith("127.");
  return host === "::1";
}

/** @throws ApieConfigError for a total in which the largest body has no room, so that it would be refused for ever */
function bodyBounds(options: LocalApieOptions) {
  const maxBodyBytes = options.maxBodyBytes ?? 8 * MIB;
  const maxOtlpBodyBytes = options.maxOtlpBodyBytes ?? 64 * MIB;
  const maxTotalBodyBytes =
    options.maxTotalBodyBytes ?? Math.max(256 * MIB, 4 * maxBodyBytes, 4 * maxOtlpBodyBytes);
  const least = 2 * Math.max(maxBodyBytes, maxOtlpBodyBytes);
  if (maxTotalBodyBytes < least) {
    throw new ApieConfigError([
      {
        path: "maxTotalBodyBytes",
        message: `must be at least ${least}, which the largest body may take with its compressed form (maxBodyBytes, maxOtlpBodyBytes)`,
      },
    ]);
  }
  return { maxBodyBytes, maxOtlpBodyBytes, maxTotalBodyBytes };
}

/** @throws ApieConfigError naming every wrong option. */
export function resolveOptions(options: LocalApieOptions = {}): LocalApieSettings {
  const parsed = OPTIONS.safeParse(options);
  if (!parsed.success) {
    throw new ApieConfigError(
      parsed.error.issues.map((issue) => ({
        path: issue.path.join(".") || "options",
        message: issue.message,
      })),
    );
  }
  const host = options.host ?? "127.0.0.1";
  const loopback = isLoopbackHost(host);
  if (!loopback && options.key === undefined) {
    throw new ApieConfigError([
      {
        path: "host",
        message: `${host} can be reached from other machines, so a key is required: set \`key\` (--key), or listen on 127.0.0.1`,
      },
    ]);
  }
  return {
    port: options.port ?? 0,
    host,
    loopback,
    key: options.key,
    db: options.db,
    policies: (parsed.data.policies ?? []).map((body) => ({
      policy: policyOf(body),
      enabled: body.enabled ?? true,
    })),
    approvalTtlMs: options.approvalTtlMs ?? 60 * 60_000,
    ...bodyBounds(options),
    maxWritesPerSecond: options.maxWritesPerSecond ?? 5_000,
    maxWrongKeysPerMinute: options.maxWrongKeysPerMinute ?? 30,
    maxConnections: options.maxConnections ?? 1_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 60_000,
    now: options.now ?? Date.now,
    onWarning: options.onWarning ?? ((message) => console.warn(`apie-otel local: ${message}`)),
    onError: options.onError ?? reportToConsole,
  };
}

const reportToConsole: LocalApieSettings["onError"] = (error, request) => {
  console.error(`apie-otel local: ${request.method} ${request.path} failed (${request.requestId})`, error);
};
