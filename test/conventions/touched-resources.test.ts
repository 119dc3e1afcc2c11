import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import type { ResourceRule } from "../../src/index.ts";
import { span } from "./recorded.ts";

const CLIENT = 2;
const SERVER = 1;
const reader = new ConventionReader([], { touched: ["http", "database"] });
const read = (attributes: Record<string, unknown>, members: object = { kind: CLIENT }) =>
  reader.read(span({ attributes, ...members }), "end");

describe("outgoing requests", () => {
  test.each<[Record<string, unknown>, id: string | undefined, action: string]>([
    [
      { "http.request.method": "GET", "server.address": "api.example", "server.port": 8443 },
      "api.example:8443",
      "read",
    ],
    [
      { "http.request.method": "DELETE", "url.full": "https://api.example/users/7?key=s3cret" },
      "api.example",
      "delete",
    ],
    [{ "http.method": "PUT", "http.url": "http://api.example:80/a" }, "api.example", "update"],
    [{ "http.method": "post", "net.peer.name": "api.example" }, "api.example", "execute"],
    [
      { "http.request.method": "PATCH", "server.address": "api.example", "url.template": "/users/{id}" },
      "api.example/users/{id}",
      "update",
    ],
    [{ "http.request.method": "GET", "url.full": "no address" }, undefined, "read"],
  ])("%o", (attributes, id, type) => {
    expect(read(attributes)).toMatchObject({
      kind: "resource",
      resource: { type: "internal_api", id },
      action: { type },
    });
  });

  test("are not those the service got", () => {
    expect(read({ "http.request.method": "GET", "http.route": "/users" }, { kind: SERVER })).toBeUndefined();
  });
});

describe("database calls", () => {
  test.each<[Record<string, unknown>, resource: object, action: string]>([
    [
      {
        "db.system.name": "postgresql",
        "db.namespace": "shop",
        "db.collection.name": "orders",
        "db.operation.name": "SELECT",
      },
      { id: "shop.orders", provider: "postgresql" },
      "read",
    ],
    [
      {
        "db.system": "mongodb",
        "db.name": "shop",
        "db.mongodb.collection": "orders",
        "db.operation": "deleteMany",
      },
      { id: "shop.orders", provider: "mongodb" },
      "delete",
    ],
    [
      { "db.system": "redis", "db.statement": "SET secret 1" },
      { id: undefined, provider: "redis" },
      "execute",
    ],
    [{ "db.system": "x", "db.operation": "constructor" }, { provider: "x" }, "execute"],
  ])("%o", (attributes, resource, type) => {
    const activity = read(attributes);
    expect(activity).toMatchObject({
      kind: "resource",
      resource: { type: "database_record", ...resource },
      action: { type },
    });
    expect(JSON.stringify(activity)).not.toContain("secret");
  });
});

test("what fails says so, and is not the failure of its run", () => {
  const failed = read(
    { "http.request.method": "GET", "error.type": "503" },
    { kind: CLIENT, status: { code: 2 } },
  );
  expect(failed?.error).toBeUndefined();
  expect(failed?.metadata).toEqual({ outcome: "failed", error_type: "503" });
});

test("agent work is read as such first", () => {
  expect(read({ "gen_ai.operation.name": "chat", "http.request.method": "POST" })?.kind).toBe("llm");
});

test("nothing is, unless asked for", () => {
  const attributes = { "http.request.method": "GET", "db.system": "redis" };
  expect(new ConventionReader().read(span({ attributes, kind: CLIENT }), "end")).toBeUndefined();
  const onlyDatabase = new ConventionReader([], { touched: ["database"] });
  expect(
    onlyDatabase.read(span({ attributes: { "http.request.method": "GET" }, kind: CLIENT }), "end"),
  ).toBeUndefined();
});

describe("rules of the user's", () => {
  const queue = { attribute: "messaging.system", resource: "queue" };
  const sent = { "messaging.system": "kafka", "messaging.destination.name": "orders", partition: 3 };
  test.each<[ResourceRule, expected: object | undefined]>([
    [queue, { resource: { type: "queue", id: undefined } }],
    [{ ...queue, value: "kafka", action: "create" }, { action: { type: "create" } }],
    [
      { ...queue, value: /^kaf/g, id: ["messaging.destination.name", "partition"] },
      { resource: { id: "orders/3" } },
    ],
    [{ ...queue, value: "sqs" }, undefined],
    [{ ...queue, value: /sqs/ }, undefined],
    [{ ...queue, attribute: "other" }, undefined],
  ])("%o", (rule, expected) => {
    const theirs = new ConventionReader([], { touched: [rule] });
    for (const turn of [1, 2, 3]) {
      const activity = theirs.read(span({ attributes: { ...sent, turn } }), "end");
      if (expected === undefined) expect(activity).toBeUndefined();
      else expect(activity).toMatchObject({ kind: "resource", ...expected });
    }
  });
});
