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

  test("in an address change nothing: each view opens, or says what is wrong with it", async () => {
    const server = await startServer();
    const session = await openSession(server, { input_summary: "Plain" });
    const run_id = await openRun(server, {}, session);
    await sendEvents(server, { type: "agent.llm.called", run_id, event_id: "e1" });
    await sendSpans(server, ["one"]);
    const { page, complaints, requests } = await open(server, "/sessions");
    const markup = encodeURIComponent(MARKUP);
    const long = "x".repeat(10_000);
    for (const [path, says] of [
      [`/sessions?status=${markup}&kind=${markup}`, "status: "],
      [`/sessions?text=${markup}&agent=${markup}`, "No session fits."],
      [`/sessions?text=${long}`, "text: "],
      [`/sessions?__proto__=${markup}&constructor=1`, "Plain"],
      [`/runs?session=${markup}`, "No run fits."],
      [`/runs?status=constructor`, "status: "],
      [`/events?type=${markup}&tool=${markup}&action=${markup}`, "No event fits."],
      [`/events?at=__proto__`, "1 event"],
      [
        `/sessions/${session}?at=__proto__&hide=constructor,${markup}&type=toString&group=x&view=y`,
        "hides every event",
      ],
      [`/sessions/${session}?q=${long}`, "hides every event"],
      [`/runs/${run_id}?at=${markup}&span=${markup}`, "llm.called"],
      [`/sessions/${markup}`, "There is no session"],
      [`/sessions/..%2f..%2fapi%2fevents`, "There is no session"],
      [`/agents/__proto__`, "There is no agent"],
      [`/agents/%E0%A4%A`, "There is no agent"],
      [`/traces/${markup}`, "traceId: "],
      [`/traces/${TRACE}?span=${markup}`, "1 span"],
      [`/${markup}`, "There is nothing at this address."],
      [`//evil.example/sessions`, "There is nothing at this address."],
    ] as const) {
      await page.goto(server.url + path);
      await page
        .locator("main")
        .getByText(says)
        .first()
        .waitFor({ timeout: 5_000 })
        .catch(() => undefined);
      const seen = await page.evaluate(() => ({
        origin: location.origin,
        hacked: "hacked" in window,
        elements: document.querySelectorAll("main img, main script").length,
        text: document.querySelector("main")?.textContent,
      }));
      expect([path, seen]).toEqual([
        path,
        { origin: server.url, hacked: false, elements: 0, text: expect.stringContaining(says) },
      ]);
    }
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
    // The answers 400 and 404 that the views tell of are all that the browser has to complain of.
    expect(complaints.filter((text) => !/status of 40[04]/.test(text))).toEqual([]);
  });

  test("and a script that gets in all the same is refused by the page's policy", async () => {
    const server = await startServer();
    const { page, complaints } = await open(server, "/sessions");
    await page.getByText("No session yet.").waitFor();
    // Neither a script, nor a handler, nor markup can be made of a text.
    const refused = await page.evaluate(() => {
      const inline = document.createElement("script");
      const ways = {
        script: () => inline.append("window.hacked = 1"),
        inserted: () => document.body.append(inline),
        handler: () => document.body.setAttribute("onclick", "window.hacked = 1"),
        markup: () => {
          document.body.innerHTML = "<img src=x onerror='window.hacked = 1'>";
        },
        code: () => setTimeout("window.hacked = 1"),
        address: () => location.assign("javascript:window.hacked = 1"),
      };
      return Object.entries(ways)
        .filter(([, attempt]) => {
          try {
            attempt();
            return false;
          } catch {
            return true;
          }
        })
        .map(([name]) => name);
    });
    expect(refused).toEqual(expect.arrayContaining(["handler", "markup", "code"]));
    await page.locator("main").click();
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    await expect.poll(() => complaints.join("\n")).toContain("Content Security Policy");
    expect(await page.evaluate(() => fetch("http://127.0.0.1:9/").catch((error: Error) => error.name))).toBe(
      "TypeError",
    );
    expect(complaints.join("\n")).toContain("connect-src");
  });
});
