/** The other views, and what the page says when there is nothing, when the server is gone, and when it wants a key. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { openRun, openSession, post, sendEvents } from "../local/support.ts";
import { seedSession, sendSpans, TRACE } from "./seed.ts";
import { HAS_BROWSER, open, screenshot, startServer, useBrowser } from "./support.ts";

const titles = (page: Page) => () => page.locator("tbody .main-link").allTextContents();

describe.skipIf(!HAS_BROWSER)("the page", { timeout: 90_000 }, () => {
  useBrowser();

  test("finds sessions by text, status, kind and agent, and keeps that in the address", async () => {
    const server = await startServer();
    await seedSession(server, "Ship the release");
    const open_ = await openSession(server, { kind: "pipeline", input_summary: "Clean the cellar" });
    await openRun(server, { agent_key: "cleaner" }, open_);
    const { page } = await open(server, "/");
    await expect.poll(titles(page)).toEqual(["Clean the cellar", "Ship the release"]);
    const row = page.getByRole("row", { name: /Ship the release/ });
    expect(await row.getByRole("rowheader").textContent()).toContain("Half of it");
    expect(await row.getByRole("cell").allTextContents()).toEqual([
      "completed",
      "multi agent",
      "plannerworker",
      "2",
      "12",
      "150",
      "1",
      expect.stringMatching(/s$/),
      expect.stringMatching(/\d\d:\d\d:\d\d$/),
    ]);
    await page.keyboard.press("/");
    await page.keyboard.type("release");
    await expect.poll(titles(page)).toEqual(["Ship the release"]);
    expect(page.url()).toContain("text=release");
    await page.reload();
    await expect.poll(titles(page)).toEqual(["Ship the release"]);
    await page.getByRole("searchbox").fill("nothing like it");
    await page.getByText("No session fits.").waitFor();
    await page.getByRole("link", { name: "show all" }).click();
    await expect.poll(titles(page)).toEqual(["Clean the cellar", "Ship the release"]);
    await page.getByLabel("Status", { exact: true }).selectOption("running");
    await expect.poll(titles(page)).toEqual(["Clean the cellar"]);
    await page.getByLabel("Status", { exact: true }).selectOption("");
    await page.getByLabel("Kind", { exact: true }).selectOption("multi_agent");
    await expect.poll(titles(page)).toEqual(["Ship the release"]);
    await page.getByLabel("Kind", { exact: true }).selectOption("");
    await page.getByLabel("Agent", { exact: true }).selectOption("cleaner");
    await expect.poll(titles(page)).toEqual(["Clean the cellar"]);
  });

  test("lists runs outside of sessions, and says how spans would come", async () => {
    const server = await startServer();
    await seedSession(server);
    const metadata = { started_at: "2026-01-01T12:00:00Z" };
    const other = await startServer();
    const empty = await open(other, "/");
    await empty.page.getByText(`APIE_BASE_URL=${other.url}`).waitFor();
    await openRun(other, { input_summary: "Alone" });
    await empty.page.getByRole("link", { name: "see the runs" }).click();
    await empty.page.getByRole("link", { name: "Alone" }).waitFor();
    const alone = await openRun(server, { input_summary: "On my own", metadata });
    const { page } = await open(server, "/runs");
    await expect.poll(async () => (await titles(page)()).length).toBe(3);
    await page.getByLabel("Session", { exact: true }).selectOption("none");
    await expect.poll(titles(page)).toEqual(["On my own"]);
    await page.getByRole("link", { name: "On my own" }).click();
    await page.getByText("No span of this run came over OTLP.").waitFor();
    await page.getByText("No event of this run yet.").waitFor();
    const timestamp = "2026-01-01T12:00:02.500Z";
    await sendEvents(server, { type: "agent.llm.called", run_id: alone, event_id: "now", timestamp });
    // From the begin of the run, as in the replay of a session.
    expect(await page.locator("[data-event=now] .time").textContent()).toBe("+2.500 s");
  });

  test("shows all events as a table with the JSON as it was sent, also of one that is far back", async () => {
    const server = await startServer();
    await seedSession(server);
    const run_id = await openRun(server);
    const many = Array.from({ length: 700 }, (_, index) => ({
      type: "agent.llm.called",
      run_id,
      event_id: `m${index}`,
    }));
    await sendEvents(server, ...many);
    const { page } = await open(server, "/events?at=e9");
    const panel = page.getByRole("complementary", { name: "The event" });
    await panel.getByRole("heading", { name: "action.failed" }).waitFor();
    const json = JSON.parse((await panel.getByLabel("JSON of the event").textContent()) ?? "");
    expect(json).toMatchObject({
      event_id: "e9",
      tool: { name: "upload" },
      error: { message: "TimeoutError" },
    });
    await page.keyboard.press("Escape");
    await page.locator("[data-event=m699]").waitFor();
    // Older ones come as one scrolls.
    const list = page.getByLabel(/^Events, newest first/);
    await expect
      .poll(
        async () => {
          await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
          return page.locator("[data-event=e1]").count();
        },
        { timeout: 20_000 },
      )
      .toBe(1);
    await page.getByLabel("tool", { exact: true }).fill("upload");
    await page.getByLabel("tool", { exact: true }).press("Enter");
    await expect.poll(() => page.locator("a.event").count()).toBe(2);
    await page.getByLabel("Type", { exact: true }).selectOption("agent.action.failed");
    await expect.poll(() => page.locator("a.event").count()).toBe(1);
    expect(await page.locator("a.event > span").allTextContents()).toEqual([
      expect.stringContaining(":00:08.000"),
      "action.failed",
      "worker",
      "upload",
      "create",
      "",
      "TimeoutError",
    ]);
    await screenshot(page, "events");
  });

  test("enables a template and takes it away again", async () => {
    const server = await startServer();
    const { page } = await open(server, "/guardrails");
    const row = page.getByRole("row", { name: /prod-secrets/ });
    await row.getByRole("button", { name: "Enable" }).click();
    await row.getByRole("button", { name: "Remove" }).waitFor();
    await post(server, "/v1/guardrails/evaluate", {
      agent_key: "a",
      mode: "monitor",
      action: { type: "read" },
      resource: { type: "secret", environment: "production" },
    });
    const decision = page.getByRole("row", { name: /monitor/ });
    await decision.waitFor();
    expect(await decision.textContent()).toMatch(/block → allow.*prod-secrets/);
    await row.getByRole("button", { name: "Remove" }).click();
    await row.getByRole("button", { name: "Enable" }).waitFor();
  });

  test("makes a policy of one's own, which decides at once, and says what is wrong with one", async () => {
    const server = await startServer();
    const { page } = await open(server, "/guardrails");
    await page.getByText("A policy of your own").click();
    const form = page.getByRole("form", { name: "A policy of your own" });
    await form.getByLabel("key").fill("no refunds!");
    await form.getByLabel("tools").fill("refund*, pay_back");
    await form.getByLabel("Decision").selectOption("require_approval");
    await form.getByLabel("reason").fill("Refunds need a human");
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByRole("alert").getByText("key: must be letters").waitFor();
    await form.getByLabel("key").fill("refunds");
    await page.keyboard.press("Enter");
    const row = page.getByRole("row", { name: /refunds · custom/ });
    await row.waitFor();
    expect(await row.textContent()).toContain("refund*, pay_back");
    expect(await form.getByLabel("key").inputValue()).toBe("");
    const { body } = await post(server, "/v1/guardrails/evaluate", {
      agent_key: "a",
      mode: "enforce",
      tool: { name: "refund_order" },
      action: { type: "create" },
      resource: { type: "payment" },
    });
    expect(body).toMatchObject({ policy_decision: "require_approval", reason: "Refunds need a human" });
    await page.getByRole("heading", { name: "refund_order waits for your approval" }).waitFor();
  });

  test("says what to do when the server is gone, and goes on when it is back", async () => {
    const folder = mkdtempSync(join(tmpdir(), "apie-page-"));
    try {
      const options = { db: join(folder, "apie.sqlite") };
      const server = await startServer(options);
      const { session } = await seedSession(server);
      const { page } = await open(server, "/sessions");
      await expect.poll(titles(page)).toEqual(["Ship the release"]);
      await page.getByText("Live", { exact: true }).waitFor();
      await server.close();
      await page.getByText("Not connected; trying again").waitFor();
      await page.getByRole("link", { name: "Ship the release" }).click();
      const problem = page.getByRole("alert");
      await problem.getByText("The server does not answer.").waitFor();
      expect(await problem.textContent()).toContain("npx apie-otel dev");
      await screenshot(page, "server-gone");
      await startServer({ ...options, port: server.port });
      await page.getByRole("heading", { name: "Ship the release" }).waitFor();
      await page.locator("[data-event=e1]").waitFor();
      await page.getByText("Live", { exact: true }).waitFor();
      await page.goto(`${server.url}/sessions/ses_gone?at=${session}`);
      await page.getByText("There is no session ses_gone").waitFor();
      await page.goto(`${server.url}/nowhere/at/all`);
      await page.getByText("There is nothing at this address.").waitFor();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("asks for the key of a server that has one", async () => {
    const server = await startServer({ key: "sesame" });
    const { page } = await open(server, "/sessions");
    await page.getByText("This server wants its key").waitFor();
    await page.getByText("Waits for the key", { exact: true }).waitFor();
    await page.getByLabel("Key").fill("wrong");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByText("That was not the key.").waitFor();
    await page.getByLabel("Key").fill("sesame");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByText("No session yet.").waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    expect(page.url()).not.toContain("sesame");
    await page.reload();
    await page.getByText("No session yet.").waitFor();
    expect(await page.evaluate(() => [localStorage.length, document.cookie])).toEqual([0, ""]);
  });

  test("is readable on a small screen, light and dark", async () => {
    const server = await startServer();
    const { session, runs } = await seedSession(server);
    await sendSpans(server, ["invoke_agent planner", "chat gpt-x"]);
    const paths = [
      "/sessions",
      `/sessions/${session}?at=e9`,
      `/sessions/${session}?view=story`,
      `/runs/${runs[0]}`,
      "/events",
      "/agents",
      "/agents/worker",
      "/guardrails",
      `/traces/${TRACE}`,
    ];
    const { page } = await open(server, "/", { viewport: { width: 390, height: 800 }, hasTouch: true });
    for (const path of paths) {
      await page.goto(server.url + path);
      await page.locator("h1").first().waitFor();
      await page.locator(".loading").waitFor({ state: "detached" });
      const { scrollWidth, clientWidth } = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return { scrollWidth, clientWidth };
      });
      expect([path, scrollWidth <= clientWidth]).toEqual([path, true]);
    }
    await page.goto(`${server.url}/sessions/${session}`);
    await page.locator("[data-event=e1]").waitFor();
    await screenshot(page, "small");
    const dark = await open(server, `/runs/${runs[0]}`, { colorScheme: "dark" });
    await dark.page.locator(".span-row").first().waitFor();
    const [background, text] = await dark.page.evaluate(() => {
      const { backgroundColor, color } = getComputedStyle(document.body);
      return [backgroundColor, color].map((value) => Number(/\d+/.exec(value)?.[0]));
    });
    expect(background).toBeLessThan(60);
    expect(text).toBeGreaterThan(200);
    await screenshot(dark.page, "dark");
  });
});
