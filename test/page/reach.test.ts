/** Everything on the page can be read, in light and dark, on a large screen and a small one, and reached with the keyboard. */
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { LocalApie } from "../../src/local/index.ts";
import { post } from "../local/support.ts";
import { seedSession, sendSpans, TRACE } from "./seed.ts";
import { HAS_BROWSER, open, startServer, useBrowser } from "./support.ts";

/** WCAG 2.2, 1.4.3. */
const LEAST_CONTRAST = 4.5;

async function seed(server: LocalApie): Promise<string[]> {
  const { session, runs } = await seedSession(server);
  await sendSpans(server, ["invoke_agent planner", "chat gpt-x"]);
  await post(server, "/api/policies", {
    key: "refunds",
    decision: "require_approval",
    reason: "Refunds need a human",
    match: { tools: ["refund"] },
  });
  for (const tool of ["refund", "lookup"]) {
    await post(server, "/v1/guardrails/evaluate", {
      agent_key: "worker",
      mode: "enforce",
      tool: { name: tool },
      action: { type: "create", name: tool },
      resource: { type: "payment" },
    });
  }
  return [
    "/sessions",
    "/sessions?text=nothing-like-it",
    `/sessions/${session}?at=e5`,
    `/sessions/${session}?view=story`,
    "/runs",
    `/runs/${runs[0]}?at=e2`,
    "/events?at=e9",
    "/agents",
    "/agents/worker",
    "/guardrails",
    `/traces/${TRACE}?span=b7ad6b7169203331`,
    "/sessions/ses_none",
    "/no/such/view",
  ];
}

async function goTo(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator("main > *").first().waitFor();
  await page.locator(".loading").first().waitFor({ state: "detached" });
}

/** Texts with too little contrast to what is behind them. */
const faintTexts = (page: Page): Promise<string[]> =>
  page.evaluate((least) => {
    type Colour = [number, number, number, number];
    const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const colourOf = (text: string): Colour => {
      if (paint === null) throw new Error("no canvas");
      paint.clearRect(0, 0, 1, 1);
      paint.fillStyle = text;
      paint.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0, alpha = 0] = paint.getImageData(0, 0, 1, 1).data;
      return [red, green, blue, alpha / 255];
    };
    const over = (top: Colour, below: Colour, share = top[3]): Colour => {
      const mix = (index: 0 | 1 | 2): number => top[index] * share + below[index] * (1 - share);
      return [mix(0), mix(1), mix(2), 1];
    };
    const light = ([red, green, blue]: Colour): number => {
      const linear = (value: number): number =>
        value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
      return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    };
    const faint: string[] = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? "";
      const box = element?.getBoundingClientRect();
      if (element === null || text === "" || box === undefined || box.width < 2 || box.height < 2) continue;
      const around: Element[] = [];
      for (let one: Element | null = element; one !== null; one = one.parentElement) around.unshift(one);
      let below: Colour = [255, 255, 255, 1];
      let opacity = 1;
      for (const one of around) {
        const style = getComputedStyle(one);
        below = over(colourOf(style.backgroundColor), below);
        opacity *= Number(style.opacity);
      }
      const colour = colourOf(getComputedStyle(element).color);
      const [a, b] = [light(over(colour, below, colour[3] * opacity)), light(below)];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (contrast < least) faint.push(`${element.className} “${text.slice(0, 30)}” ${contrast.toFixed(2)}`);
    }
    return [...new Set(faint)];
  }, LEAST_CONTRAST);

/** Walks through the page with the tabulator key. @returns what it missed, and what did not show that it is there */
async function walk(page: Page): Promise<{ missed: string[]; unseen: string[] }> {
  const unseen: string[] = [];
  for (let press = 0; press < 200; press++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || element === document.body) return undefined;
      const isNew = element.dataset.reached === undefined;
      element.dataset.reached = "yes";
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return {
        isNew,
        isSeen: outlineStyle !== "none" && outlineWidth !== "0px",
        name: `${element.tagName} ${element.className}`,
      };
    });
    if (at === undefined || !at.isNew) break;
    if (!at.isSeen) unseen.push(at.name);
  }
  const missed = await page.evaluate(() =>
    [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
      .filter((element) => element.checkVisibility() && !element.matches("[data-reached], :disabled"))
      .map((element) => `${element.tagName} ${element.className} ${element.textContent?.slice(0, 20)}`),
  );
  return { missed, unseen };
}

describe.skipIf(!HAS_BROWSER)("the page", { timeout: 120_000 }, () => {
  useBrowser();

  test("has enough contrast in each view, light and dark", async () => {
    const server = await startServer();
    const paths = await seed(server);
    for (const colorScheme of ["light", "dark"] as const) {
      const { page } = await open(server, "/", { colorScheme });
      for (const path of paths) {
        await goTo(page, server.url + path);
        expect([colorScheme, path, await faintTexts(page)]).toEqual([colorScheme, path, []]);
      }
    }
  });

  test("can be walked through with the keyboard, and past its navigation", async () => {
    const server = await startServer();
    const paths = await seed(server);
    const { page } = await open(server, "/");
    for (const path of paths) {
      await goTo(page, server.url + path);
      expect([path, await walk(page)]).toEqual([path, { missed: [], unseen: [] }]);
    }
    await goTo(page, `${server.url}/runs`);
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Skip to the view" }).waitFor();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Status");
    expect(new URL(page.url()).pathname).toBe("/runs");
  });

  test("shows tables as cards on a small screen: every cell with its name, none squeezed", async () => {
    const server = await startServer();
    await seed(server);
    const { page } = await open(server, "/", { viewport: { width: 390, height: 800 } });
    for (const path of ["/sessions", "/runs", "/agents", "/agents/worker", "/guardrails"]) {
      await goTo(page, server.url + path);
      const frame = page.locator(".table-frame").first();
      await frame.waitFor();
      expect(await frame.evaluate((area) => area.scrollWidth <= area.clientWidth)).toBe(true);
      const names = await page
        .locator(".table-frame tbody th")
        .evaluateAll((cells) => cells.map((cell) => cell.getBoundingClientRect().width));
      expect(names.length).toBeGreaterThan(0);
      expect(Math.min(...names)).toBeGreaterThan(300);
    }
    await goTo(page, `${server.url}/runs`);
    const status = page.locator("td[data-title=Status]").first();
    expect(await status.evaluate((cell) => getComputedStyle(cell, "::before").content)).toBe('"Status"');
    expect(await status.textContent()).toMatch(/completed|failed/);
  });
});
