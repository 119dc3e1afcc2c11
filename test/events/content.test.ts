/** How much of content is kept, and which part of it. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { contentLimits, toPlain } from "../../src/events/index.ts";

const MAX_BYTES = 524_288;
const { input, output } = contentLimits(MAX_BYTES);
const message = (i: number, length = 0) => ({
  role: "user",
  content: `message ${i} ${"word ".repeat(length / 5)}`,
});
const history = (count: number, length = 0) => Array.from({ length: count }, (_, i) => message(i, length));

test.each([
  ["a list", (messages: unknown) => messages],
  ["an object", (messages: unknown) => ({ messages })],
])("of a long history in %s the first message and the latest are kept", (_what, wrap) => {
  const plain = JSON.stringify(toPlain(wrap(history(500)), input));
  expect(plain).toContain('"message 0 "');
  expect(plain).toContain('"[300 more items]"');
  for (const i of [301, 400, 499]) expect(plain).toContain(`"message ${i} "`);
  for (const i of [1, 300]) expect(plain).not.toContain(`"message ${i} "`);
});

test("as many of the latest messages as there is room for, in their order", () => {
  const plain = toPlain(history(500, 4_000), input) as unknown[];
  const texts = plain.map((item) =>
    typeof item === "string" ? item : (item as { content: string }).content,
  );
  const places = texts.filter((text) => text.startsWith("message")).map((text) => Number(text.split(" ")[1]));
  expect(places[0]).toBe(0);
  expect(places.slice(1)).toEqual(places.slice(1).toSorted((a, b) => a - b));
  expect(places.at(-1)).toBe(499);
  expect(places.length).toBeGreaterThan(15);
  expect(texts[1]).toBe(`[${500 - places.length} more items]`);
});

test("a short history is left as it is, and so are lists within messages", () => {
  const short = [{ role: "user", parts: [1, 2, 3].map((text) => ({ type: "text", text })) }];
  expect(toPlain(short, input)).toEqual(short);
  expect(toPlain([], input)).toEqual([]);
  expect(toPlain(history(200), input)).toEqual(history(200));
});

test("of a long prompt the middle goes, of an answer the end", () => {
  const prompt = `Answer in French. ${"filler ".repeat(1_000_000)} What is the capital?`;
  const kept = String(toPlain(prompt, input));
  expect(kept).toMatch(/^Answer in French\. filler /);
  expect(kept).toMatch(/…\[\d+ more characters\]….* What is the capital\?$/s);
  expect(kept.length).toBeLessThan(16_500);
  expect(toPlain(prompt, output)).toMatch(/^Answer in French\. .*…\[\d+ more characters\]$/s);
});

test("no cut leaves half a character", () => {
  for (let shift = 0; shift < 2; shift += 1) {
    const text = `${"a".repeat(shift)}${"😀".repeat(100_000)}`;
    expect(String(toPlain(text, input)).isWellFormed()).toBe(true);
    expect(String(toPlain(text, output)).isWellFormed()).toBe(true);
  }
});

test.each(["a", "é", "漢"])(
  "all content of an event fits into the event, whatever the script (%s)",
  (letter) => {
    const limits = contentLimits(MAX_BYTES);
    const word = `${letter.repeat(9)} `;
    const texts = Array.from({ length: 300 }, () => word.repeat(2_000));
    const content = {
      instructions: toPlain(texts, limits.instructions),
      input: toPlain(texts, limits.input),
      output: toPlain(texts, limits.output),
    };
    const bytes = Buffer.byteLength(JSON.stringify(content));
    expect(bytes).toBeLessThan(MAX_BYTES - 8_192);
    expect(bytes).toBeGreaterThan(100_000);
  },
);

test("what is cut does not keep the whole in memory", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const kept: unknown[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 100; i += 1) {
    const prompt = Buffer.alloc(4_000_000, `prompt ${i} `).toString();
    kept.push(toPlain(prompt, input), toPlain({ text: prompt }, output));
  }
  collect();
  const bytes = process.memoryUsage().heapUsed - before;
  expect(kept).toHaveLength(200);
  // The texts themselves would be 400 MB.
  expect(bytes).toBeLessThan(40_000_000);
});
