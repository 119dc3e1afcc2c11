/** Spans that are no agent work and still tell which resource an agent touched: outgoing HTTP and database calls. */
import { SpanKind } from "@opentelemetry/api";
import type { ResourceRule } from "../config/index.ts";
import type { SpanView } from "../model/convention.ts";
import type { AttributesLike } from "../model/span.ts";
import { entryOf, parseText, readField, text } from "./read.ts";

/** What a span touched. */
export interface Touched {
  type: string;
  id: string | undefined;
  provider?: string | undefined;
  /** `read`, `create`, `update`, `delete`, `execute`. */
  action: string | undefined;
  actionName?: string | undefined;
}

/** @returns `undefined` when the rule does not know the span. */
export type Touching = (view: SpanView) => Touched | undefined;

const METHODS: Readonly<Record<string, string>> = {
  GET: "read",
  HEAD: "read",
  OPTIONS: "read",
  PUT: "update",
  PATCH: "update",
  DELETE: "delete",
};

const METHOD = text("http.request.method", "http.method");
const HOST = text("server.address", "net.peer.name");
const PORT = text("server.port", "net.peer.port");
const URL_KEYS = text("url.full", "http.url");
const TEMPLATE = text("url.template");

/** Host and port only: paths and queries carry ids and secrets. A template of the path carries neither. */
function endpointOf(attributes: AttributesLike): string | undefined {
  const host = readField(HOST, attributes);
  const port = readField(PORT, attributes);
  const url = host === undefined ? readField(URL_KEYS, attributes) : undefined;
  const address =
    host === undefined
      ? url !== undefined && URL.canParse(url)
        ? new URL(url).host
        : undefined
      : `${host}${port === undefined ? "" : `:${port}`}`;
  const template = readField(TEMPLATE, attributes);
  return address === undefined || template === undefined ? address : `${address}${template}`;
}

const http: Touching = ({ span, attributes }) => {
  if (span.kind !== SpanKind.CLIENT) return undefined;
  const method = readField(METHOD, attributes);
  if (method === undefined) return undefined;
  const verb = method.toUpperCase();
  return {
    type: "internal_api",
    id: endpointOf(attributes),
    action: entryOf(METHODS, verb) ?? "execute",
    actionName: verb,
  };
};

/** First words of statements, and operations of document stores. */
const OPERATIONS: Readonly<Record<string, string>> = {
  select: "read",
  find: "read",
  findone: "read",
  aggregate: "read",
  count: "read",
  get: "read",
  mget: "read",
  hget: "read",
  query: "read",
  scan: "read",
  insert: "create",
  insertone: "create",
  insertmany: "create",
  update: "update",
  updateone: "update",
  updatemany: "update",
  upsert: "update",
  set: "update",
  hset: "update",
  delete: "delete",
  deleteone: "delete",
  deletemany: "delete",
  del: "delete",
  drop: "delete",
  truncate: "delete",
};

const SYSTEM = text("db.system.name", "db.system");
const NAMESPACE = text("db.namespace", "db.name");
const COLLECTION = text("db.collection.name", "db.sql.table", "db.mongodb.collection");
const OPERATION = text("db.operation.name", "db.operation");

/** The statement itself is content and is not looked at. */
const database: Touching = ({ span, attributes }) => {
  const provider = readField(SYSTEM, attributes);
  if (provider === undefined || span.kind === SpanKind.SERVER) return undefined;
  const operation = readField(OPERATION, attributes);
  const place = [readField(NAMESPACE, attributes), readField(COLLECTION, attributes)];
  return {
    type: "database_record",
    id: place.filter((part) => part !== undefined).join(".") || undefined,
    provider,
    action: (operation && entryOf(OPERATIONS, operation.toLowerCase())) ?? "execute",
    actionName: operation,
  };
};

const BUILT_IN = { http, database } as const;

/** Of a rule of the user's. */
function touching({ attribute, value, resource, id = [], action }: ResourceRule): Touching {
  // Without g and y, which would make it remember where it stopped.
  const pattern =
    value instanceof RegExp ? new RegExp(value.source, value.flags.replace(/[gy]/g, "")) : undefined;
  return ({ attributes }) => {
    const found = attributes[attribute];
    if (found === undefined) return undefined;
    const said = parseText(found);
    if (pattern !== undefined ? !pattern.test(said ?? "") : value !== undefined && said !== value)
      return undefined;
    const ids = id.map((key) => parseText(attributes[key])).filter((part) => part !== undefined);
    return { type: resource, id: ids.join("/") || undefined, action };
  };
}

export const touchingOf = (rule: ResourceRule | keyof typeof BUILT_IN): Touching =>
  typeof rule === "string" ? BUILT_IN[rule] : touching(rule);
