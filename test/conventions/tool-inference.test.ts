import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import { ToolInference } from "../../src/conventions/tool-inference.ts";
import { RULES } from "../../src/conventions/tool-rules.ts";
import type { InferRule } from "../../src/index.ts";
import { span } from "./recorded.ts";

const told = (name: string, rules: readonly InferRule[] = []): string => {
  const { action, resource, riskLevel } = new ToolInference(rules).of(name) ?? {};
  return [action, resource, riskLevel].map((said) => said ?? "").join("/");
};

describe("of a name", () => {
  test.each([
    // Each word of the vendor's table, alone.
    ...["deploy", "release"].map((name) => [name, "execute/deployment_event/high"]),
    ...["vault", "secret"].map((name) => [name, "read/secret/critical"]),
    ...["db", "postgres", "sql"].map((name) => [name, "update/database_record/high"]),
    ...["merge", "github"].map((name) => [name, "merge/code_repository/high"]),
    ...["pipeline", "cicd"].map((name) => [name, "execute/pipeline_run/high"]),
    ...["search", "read", "get"].map((name) => [name, "read//low"]),
    ...["rm", "delete", "destroy"].map((name) => [name, "delete/shell_command/critical"]),
    // Verb and noun.
    ["delete_ticket", "delete/work_item/critical"],
    ["getTicket", "read/work_item/low"],
    ["create-ticket", "create/work_item/medium"],
    ["github.get_issue", "read/code_repository/low"],
    ["get_secret", "read/secret/critical"],
    ["list_secrets", "read/secret/critical"],
    ["db_get_rows", "read/database_record/low"],
    ["open_pull_request", "create/change_request/medium"],
    ["slack_post", "communicate/communication_event/medium"],
    ["read_email", "read/communication_event/low"],
    ["run_pipeline", "execute/pipeline_run/high"],
    ["getHTTPPage", "read//low"],
    // Words, not letters.
    ["widget", "//"],
    ["format", "//"],
    ["april", "//"],
    ["add", "//"],
    ["constructor", "//"],
    ["", "//"],
    ["x".repeat(10_000), "//"],
  ])("%s", (name = "", expected = "") => {
    expect(told(name)).toBe(expected);
  });

  test("the table that is printed is the one that holds", () => {
    const page = readFileSync(new URL("../../docs/actions-and-resources.md", import.meta.url), "utf8");
    const [, table = ""] = /<!-- rules -->\n(.*)<!-- \/rules -->/s.exec(page) ?? [];
    const printed = table
      .trim()
      .split("\n")
      .slice(2)
      .map((row) => row.split("|").map((cell) => cell.trim()));
    const cell = (said: string | undefined): string => (said === undefined ? "" : `\`${said}\``);
    const rows = RULES.map(({ words, action, resource, riskLevel }) => [
      "",
      words.map(cell).join(", "),
      cell(action),
      cell(resource),
      cell(riskLevel),
      "",
    ]);
    expect(printed).toEqual(rows);
  });

  test("the table says only what the protocol knows", () => {
    const risks = new Set(["low", "medium", "high", "critical", undefined]);
    expect(RULES.every(({ riskLevel }) => risks.has(riskLevel))).toBe(true);
    expect(RULES.every(({ words }) => words.every((word) => /^[a-z_]+$/.test(word)))).toBe(true);
  });
});

describe("rules of the user's", () => {
  test.each<[InferRule, name: string, expected: string]>([
    [
      { tool: "refund", action: "update", resource: "payment", riskLevel: "high" },
      "refund_order",
      "update/payment/high",
    ],
    // What a rule does not say is left to the others.
    [{ tool: "get_order", resource: "order" }, "getOrder", "read/order/low"],
    [{ tool: /^crm_/g, resource: "customer" }, "crm_search", "read/customer/low"],
    [{ tool: "refund", action: "update" }, "refundable", "//"],
  ])("%o", (rule, name, expected) => {
    const inference = new ToolInference([rule]);
    expect(told(name, [rule])).toBe(expected);
    // An expression with g would find it every other time.
    expect(inference.of(`${name}`)).toEqual(inference.of(name));
    expect([1, 2, 3].map((turn) => inference.of(`${name}_${turn}`) !== undefined)).toEqual(
      [1, 2, 3].map(() => expected !== "//"),
    );
  });
});

describe("in an activity", () => {
  const attributes = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "delete_ticket" };
  const deleted = { type: "delete", riskLevel: "critical", inferred: true };

  test("is what its span does not say, marked", () => {
    const reader = new ConventionReader([], { inferRules: [] });
    expect(reader.read(span({ attributes }), "end")).toMatchObject({
      action: deleted,
      resource: { type: "work_item" },
    });
    const mcp = { "mcp.method.name": "tools/call", "gen_ai.tool.name": "delete_ticket" };
    expect(reader.read(span({ attributes: mcp, kind: 2 }), "end")).toMatchObject({ action: deleted });
  });

  test("leaves what its span says", () => {
    const reading = (said: object) =>
      new ConventionReader(
        [
          {
            name: "theirs",
            read: () => ({ kind: "tool", convention: "theirs", tool: { name: "delete_ticket" }, ...said }),
          },
        ],
        { inferRules: [] },
      ).read(span({}), "end");
    const whole = { action: { type: "archive" }, resource: { type: "note" } };
    expect(reading(whole)).toMatchObject(whole);
    expect(reading(whole)?.action?.inferred).toBeUndefined();
    expect(reading({ action: { type: "archive", riskLevel: "low" } })).toMatchObject({
      action: { type: "archive", riskLevel: "low", inferred: true },
      resource: { type: "work_item" },
    });
    expect(reading({ resource: { type: "note", id: "7" } })).toMatchObject({
      action: deleted,
      resource: { type: "note", id: "7" },
    });
  });

  test("is nothing where no rule says anything, or none is wanted", () => {
    const unknown = { ...attributes, "gen_ai.tool.name": "add" };
    const reader = new ConventionReader([], { inferRules: [] });
    expect(reader.read(span({ attributes: unknown }), "end")?.action).toBeUndefined();
    expect(
      new ConventionReader([], { inferRules: false }).read(span({ attributes }), "end")?.action,
    ).toBeUndefined();
  });
});
