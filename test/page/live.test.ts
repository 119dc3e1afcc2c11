/** A live agent watched in a browser: it works, fails, is stopped, hands over, and waits for a click. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { LocalApie } from "../../src/local/index.ts";
import { NEW_NODE } from "../support/new-node.ts";
import { type Program, startProgram } from "../support/program.ts";
import { until } from "../support/until.ts";
import { HAS_BROWSER, open, screenshot, startServer, useBrowser } from "./support.ts";

const AGENT = fileURLToPath(new URL("scripts/agent.ts", import.meta.url));

const POLICIES = [
  {
    key: "refunds",
    decision: "require_approval" as const,
    reason: "Refunds need a human",
    match: { tools: ["issue_refund"] },
  },
  {
    key: "no-secrets",
    decision: "block" as const,
    reason: "Secrets are not for agents",
    match: { resources: ["secret"] },
  },
];

const startAgent = (server: LocalApie): Program =>
  startProgram(NEW_NODE, [AGENT], {
    env: {
      APIE_BASE_URL: server.url,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${server.url}/v1/traces`,
      OTEL_BSP_SCHEDULE_DELAY: "200",
    },
  });

const said = (agent: Program, text: string): Promise<unknown> =>
  until(
    `the agent says "${text}"`,
    () => {
      if (agent.child.exitCode !== null && !agent.stdout().includes(text)) throw new Error(agent.stderr());
      return agent.stdout().includes(text);
    },
    60_000,
  );

describe.skipIf(!HAS_BROWSER)("a live agent", { timeout: 180_000 }, () => {
  useBrowser();

  test("shows as it works, waits for a click, goes on, and can be looked into afterwards", async () => {
    const server = await startServer({ policies: POLICIES });
    const { page, complaints, requests } = await open(server, "/sessions");
    await page.getByRole("heading", { name: "No session yet." }).waitFor();
    const agent = startAgent(server);

    // The list fills by itself, and so does the session that is opened from it.
    await page.getByRole("link", { name: "Refund order 7" }).click({ timeout: 60_000 });
    await page.getByRole("button", { name: "Approve" }).waitFor();
    await said(agent, "waits");
    const events = page.getByLabel("Events of the session in order");
    await page.getByLabel("Follow").check();
    await events.getByText("approval.requested").waitFor();
    await expect.poll(() => page.locator(".bar.is-running").count()).toBe(2);
    await screenshot(page, "replay-live");

    // What was stopped, what failed and what waits stand out.
    expect(await page.locator(".event.tone-block").count()).toBe(1);
    expect(await page.locator(".event.tone-error").count()).toBe(1);
    expect(await page.locator(".event.tone-approval").count()).toBeGreaterThan(0);
    const arrow = page.locator(".arrow.is-handoff");
    expect(await arrow.locator("title").textContent()).toBe(
      "Support hands over to Billing: A refund is asked for",
    );

    await page.getByRole("navigation").getByRole("link", { name: "guardrails" }).click();
    await page.getByRole("heading", { name: "bank/issue_refund waits for your approval" }).waitFor();
    const waiting = page.getByRole("region", { name: "Waiting for approval: bank/issue_refund" });
    for (const text of ["create refund", "payment 7", "production", "refunds", "Refunds need a human"]) {
      expect(await waiting.textContent()).toContain(text);
    }
    expect(await page.locator(".badge").textContent()).toContain("1");
    await screenshot(page, "guardrails-waiting");
    expect(agent.stdout()).not.toContain("answered");
    await waiting.getByRole("button", { name: "Approve" }).click();

    await said(agent, "answered refunded");
    await page.getByText("local page", { exact: true }).waitFor();
    await page.getByText("Nothing waits for you.").waitFor();
    expect((await agent.ended).code).toBe(0);
    await screenshot(page, "guardrails-resolved");

    // The session is finished; its story cites its events.
    await page.getByRole("navigation").getByRole("link", { name: "sessions" }).click();
    await page.getByRole("row", { name: /Refund order 7.*completed/ }).waitFor();
    await screenshot(page, "sessions");
    await page.getByRole("link", { name: "Refund order 7" }).click();
    await page.getByRole("tab", { name: "Story" }).click();
    const story = page.getByRole("article");
    await story.getByText("No model is behind it.").waitFor();
    const text = (await story.textContent()) ?? "";
    for (const line of [
      "Support used lookup_order twice, track_parcel once.",
      "Billing used issue_refund once.",
      "Support handed over to Billing: A refund is asked for.",
      "Support: track_parcel failed: TypeError.",
      "Support was stopped by a guardrail at “read secret carrier-password”: Secrets are not for agents.",
      "payment in production (7): create once by Billing.",
      "Nothing waits.",
    ]) {
      expect(text).toContain(line);
    }
    for (const line of await story.getByRole("listitem").all()) {
      expect(await line.locator("a.cite").count()).toBeGreaterThan(0);
    }
    await screenshot(page, "story");
    await story.getByRole("listitem").filter({ hasText: "track_parcel failed" }).locator("a.cite").click();
    const panel = page.getByRole("complementary", { name: "The event" });
    await panel.getByRole("heading", { name: "action.failed" }).waitFor();
    await screenshot(page, "replay");

    // From the event to its span and back.
    await panel.getByRole("link", { name: "In its run, beside its span" }).click();
    const spans = page.getByLabel("Spans by start");
    const marked = spans.locator(".span-row[aria-pressed=true]");
    await marked.waitFor();
    expect(await marked.textContent()).toContain("execute_tool track_parcel");
    await screenshot(page, "run");
    await marked.click();
    const spanPanel = page.getByRole("complementary", { name: "The span" });
    await spanPanel.getByRole("heading", { name: "execute_tool track_parcel" }).waitFor();
    await spanPanel.getByRole("button", { name: "action.failed" }).click();
    await panel.getByRole("heading", { name: "action.failed" }).waitFor();
    await spans.getByRole("button", { name: /start_run Billing/ }).click();
    await spanPanel.getByRole("link", { name: "run of Billing" }).click();
    await page.getByRole("heading", { level: 1, name: "Refund order 7" }).waitFor();
    await spans.getByRole("button", { name: /invoke_agent Billing/ }).waitFor();

    // What the agent said it would do, and what it did.
    await page.goto(`${server.url}/agents/support`);
    const row = (tool: string) => page.getByRole("row", { name: new RegExp(`^${tool}`) });
    await row("lookup_order").waitFor();
    expect(await row("lookup_order").locator(".tag.tone-error").allTextContents()).toEqual([
      "drift update ×3",
    ]);
    expect(await row("track_parcel").textContent()).toContain("not declared");
    expect(await row("close_ticket").textContent()).toContain("not used");
    await screenshot(page, "agent");

    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
  });

  test("does not go on when it is rejected", async () => {
    const server = await startServer({ policies: POLICIES });
    const agent = startAgent(server);
    const { page } = await open(server, "/guardrails");
    await page.getByRole("button", { name: "Reject" }).click({ timeout: 60_000 });
    await until("the agent ends", () => agent.child.exitCode !== null, 30_000);
    expect(agent.stdout()).not.toContain("answered");
    expect((await agent.ended).stderr).toContain("ApprovalDeniedError");
    await page.getByRole("row", { name: /rejected/ }).waitFor();
  });
});
