/** Images, sound and files among content: told by kind and size, never cut somewhere in the middle. */
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { toPlain } from "../../src/events/index.ts";

const PNG = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), randomBytes(3_000)]);
const png = PNG.toString("base64");
const unknown = randomBytes(3_001).toString("base64");
const limits = { depth: 8, items: 200, text: 16_384 };

describe("all of a text", () => {
  test.each<[what: string, value: unknown, plain: unknown]>([
    ["a data URL", `data:image/png;base64,${png}`, "[image/png, 3008 bytes]"],
    ["one with parameters", `data:audio/wav;rate=8000;base64,${unknown}`, "[audio/wav, 3001 bytes]"],
    ["one without a type", `data:;base64,${png}`, "[image/png, 3008 bytes]"],
    ["an image by its beginning", png, "[image/png, 3008 bytes]"],
    ["a JPEG", `/9j/${unknown.slice(4)}`, "[image/jpeg, 3001 bytes]"],
    ["a WAVE file", `UklGRiQAAABXQVZF${unknown.slice(16)}`, "[audio/wav, 3001 bytes]"],
    ["data of unknown kind", unknown, "[base64, 3001 bytes]"],
    ["for addresses", Buffer.from(unknown, "base64").toString("base64url"), "[base64, 3001 bytes]"],
    [
      "OTel's blob part",
      { type: "blob", mime_type: "image/tiff", content: unknown },
      { type: "blob", mime_type: "image/tiff", content: "[image/tiff, 3001 bytes]" },
    ],
    [
      "Anthropic's source",
      { type: "base64", media_type: "image/png", data: png },
      { type: "base64", media_type: "image/png", data: "[image/png, 3008 bytes]" },
    ],
    [
      "Gemini's inline data",
      { inlineData: { mimeType: "application/pdf", data: unknown } },
      { inlineData: { mimeType: "application/pdf", data: "[application/pdf, 3001 bytes]" } },
    ],
  ])("%s", (_what, value, plain) => {
    expect(toPlain(value, limits)).toEqual(plain);
  });
});

describe("within a text", () => {
  test.each<[what: string, text: string, plain: string]>([
    ["Markdown", `See ![it](data:image/png;base64,${png}) here`, "See ![it]([image/png, 3008 bytes]) here"],
    ["JSON", `{"data":"${png}","n":1}`, '{"data":"[image/png, 3008 bytes]","n":1}'],
    ["quoted JSON", `"{\\"data\\":\\"${unknown}\\"}"`, '"{\\"data\\":\\"[base64, 3001 bytes]\\"}"'],
    ["several", `${png} and ${png}, too`, "[image/png, 3008 bytes] and [image/png, 3008 bytes], too"],
  ])("%s", (_what, text, plain) => {
    expect(toPlain(text, limits)).toBe(plain);
  });

  test("what stands behind a large one is kept", () => {
    const large = Buffer.concat([PNG, randomBytes(6_000_000)]).toString("base64");
    const plain = toPlain(`data:image/png;base64,${large} What is in this picture?`, limits);
    expect(plain).toBe("[image/png, 6003008 bytes] What is in this picture?");
  });
});

describe("left as it is", () => {
  test.each<[what: string, text: string]>([
    ["a short id", png.slice(0, 200)],
    ["a row of one letter", "x".repeat(5_000)],
    ["a number in hex", randomBytes(2_000).toString("hex")],
    ["a long address", `https://example.com/a?q=${unknown.slice(0, 900)}`],
    ["prose", "The quick brown fox, 42 of them. ".repeat(300)],
    ["code without blanks", "const{a:A1}=b;".repeat(800)],
    ["words of an address", "Path1/to/Some/File-2/".repeat(40)],
  ])("%s", (_what, text) => {
    expect(toPlain(text, limits)).toBe(text);
  });
});

test("a media type that is none, or throws, is no reason to trust or to fail", () => {
  const text = "a".repeat(400);
  expect(toPlain({ mediaType: 7, data: text })).toEqual({ mediaType: 7, data: text });
  const hostile = {
    data: text,
    get mimeType(): string {
      throw new Error("no");
    },
  };
  expect(toPlain(hostile)).toEqual({ data: text, mimeType: "[Unreadable]" });
});

test("a long text is looked through in time that does not depend on what is cut off", () => {
  const prose = (length: number): string =>
    Buffer.alloc(length, "the quick brown fox jumps over ").toString();
  const time = (text: string): number => {
    const started = performance.now();
    for (let i = 0; i < 50; i += 1) toPlain(text, limits);
    return performance.now() - started;
  };
  const short = prose(100_000);
  const long = prose(20_000_000);
  time(short);
  const [fastestShort, fastestLong] = [short, long].map((text) =>
    Math.min(time(text), time(text), time(text)),
  );
  // Two hundred times as long.
  expect(fastestLong).toBeLessThan((fastestShort ?? 0) * 20);
});
