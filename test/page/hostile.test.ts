/** Whatever an agent, a tool or a library calls itself is text on the page, and never runs. */
import { describe, expect, test } from "vitest";
import { openRun, openSession, post, sendEvents } from "../local/support.ts";
import { sendSpans, TRACE } from "./seed.ts";
import { HAS_BROWSER, open, screenshot, startServer, useBrowser } from "./support.ts";

const MARKUP = `"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`;
const ADDRESS = "javascript:window.hacked=1";
/** Hostile as part of an address, too. */
const ID = `../..//?at=x&#<b>%00%2f${MARKUP}`;

describe.skipIf(!HAS_BROWSER)("hostile names", { timeout: 120_000 }, () => {
  useBrowser();

  test("are text in every view, and nothing in them runs", async () => {
    const server = await startServer();
    await post(server, "/v1/agents/identify", {
      agent: {
        key: MARKUP,
        name: MARKUP,
        purpose: MARKUP,
        team: ADDRESS,
        owner_email: ADDRESS,
        description: MARKUP,
      },
    });
    await post(server, "/api/policies", {
      key: "wait",
      name: MARKUP,
      decision: "require_approval",
      reason: MARKUP,
      match: { resources: ["*"] },
    });
    const otel = { trace_id: TRACE, span_id: "b7ad6b7169203331" };
    const session = await openSession(server, {
      kind: "multi_agent",
      input_summary: MARKUP,
      environment: MARKUP,
      metadata: { [MARKUP]: MARKUP },
    });
    const run_id = await openRun(
      server,
      {
        agent_key: MARKUP,
        input_summary: MARKUP,
        step_name: MARKUP,
        role: MARKUP,
        metadata: { agent_name: MARKUP, otel },
      },
      session,
    );
    const names = { name: MARKUP, type: MARKUP, provider: ADDRESS };
    const everything = {
      agent_key: MARKUP,
      run_id,
      step_name: MARKUP,
      tool: names,
      action: names,
      resource: { type: MARKUP, external_id: ADDRESS, environment: MARKUP },
      error: { message: MARKUP, stack: MARKUP },
      decision: { policyDecision: MARKUP, enforcementAction: MARKUP, reason: MARKUP },
      approval: { approval_id: MARKUP, status: MARKUP, resolved_by: MARKUP },
      payload_summary: { model: MARKUP, server: MARKUP, source: MARKUP, target: ADDRESS },
      metadata: { reason: MARKUP, outcome: MARKUP, handoff_id: MARKUP, otel },
    };
    await sendEvents(
      server,
      { ...everything, type: "agent.action.failed", event_id: ID },
      { ...everything, type: "agent.handoff.requested", event_id: MARKUP },
      { ...everything, type: MARKUP },
      { ...everything, type: "agent.error", run_id: ID, session_id: session },
    );
    await sendSpans(server, [MARKUP, ADDRESS], [{ key: MARKUP, value: { stringValue: MARKUP } }]);
    await post(server, "/v1/guardrails/evaluate", {
      agent_key: MARKUP,
      run_id,
      mode: "enforce",
      action: names,
      tool: names,
      resource: { type: MARKUP, external_id: MARKUP, environment: MARKUP },
    });
    await post(server, `/v1/runs/${run_id}/complete`, {
      status: "failed",
      metadata: { outputSummary: MARKUP },
    });
    await post(server, `/v1/sessions/${session}/complete`, { status: "failed", output_summary: MARKUP });

    const encoded = encodeURIComponent(ID);
    const { page, complaints, requests } = await open(server, "/sessions");
    for (const path of [
      "/sessions",
      `/sessions/${session}`,
      `/sessions/${session}?at=${encoded}`,
      `/sessions/${session}?view=story`,
      `/sessions/${session}?type=${encodeURIComponent(MARKUP)}&hide=${encodeURIComponent(MARKUP)}`,
      "/runs",
      `/runs/${run_id}?at=${encoded}`,
      `/runs/${run_id}?span=b7ad6b7169203331`,
      `/runs/${encoded}`,
      `/events?at=${encoded}`,
      `/events?text=${encoded}`,
      "/agents",
      `/agents/${encodeURIComponent(MARKUP)}`,
      "/guardrails",
      `/traces/${TRACE}?span=b7ad6b7169203331`,
      `/sessions?text=${encodeURIComponent(MARKUP)}`,
    ]) {
      await page.goto(server.url + path);
      await page.locator("h1").first().waitFor();
      await page.locator(".loading").waitFor({ state: "detached" });
      const seen = await page.evaluate(() => ({
        hacked: "hacked" in window,
        elements: document.querySelectorAll("main img, main script, main b > b").length,
        links: [...document.querySelectorAll("a[href]")]
          .map((link) => (link as HTMLAnchorElement).href)
          .filter((href) => !href.startsWith(location.origin)),
        isShown: document.body.textContent?.includes("onerror=") ?? false,
      }));
      expect([path, seen]).toEqual([path, { hacked: false, elements: 0, links: [], isShown: true }]);
    }
    await screenshot(page, "hostile");

    // The same links, clicked: they lead to where they say.
    await page.goto(`${server.url}/sessions/${session}?at=${encoded}`);
    await page.getByRole("link", { name: "In its run, beside its span" }).click();
    await page
      .getByRole("complementary", { name: "The event" })
      .getByRole("heading", { name: "action.failed" })
      .waitFor();
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
  });

  test("and a script that gets in all the same is refused by the page's policy", async () => {
    const server = await startServer();
    const { page, complaints } = await open(server, "/sessions");
    await page.getByText("No session yet.").waitFor();
    await page.evaluate(() => {
      const inline = document.createElement("script");
      inline.textContent = "window.hacked = 1";
      const handler = document.createElement("div");
      handler.setAttribute("onclick", "window.hacked = 1");
      document.body.append(inline, handler);
      handler.click();
    });
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    await expect.poll(() => complaints.join("\n")).toContain("Content Security Policy");
  });
});
