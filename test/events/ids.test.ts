import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EVENT_TYPES, eventIdOf, nameUuid, runIdOf } from "../../src/events/index.ts";

const TRACE = "0d3cc8da71186997c78d4177ebc720ba";
const SPAN = "d79bc72fb7e87ffb";
const UUID_V5 = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** UUID of version 5 as RFC 9562 §5.5 spells it out, bit by bit. */
function uuidV5(namespace: string, name: string): string {
  const bytes = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name, "utf8")
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

test("a name's UUID is that of RFC 9562, version 5, in our namespace", () => {
  const namespace = "61706965-2d6f-7465-6c2f-6576656e7473";
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      expect(nameUuid(name)).toBe(uuidV5(namespace, name));
      expect(nameUuid(name)).toMatch(UUID_V5);
    }),
  );
});

test("ids are the same in every process and every version", () => {
  // Not to be changed: a spool written by one version is sent by the next.
  expect(eventIdOf(TRACE, SPAN, "agent.llm.called")).toBe("aaa1eab5-b2c1-8414-bc39-59db59209128");
  expect(eventIdOf(TRACE, SPAN, "agent.llm.called", 1)).toBe("dcc0b216-cf1b-8e40-8407-16e04af5b532");
  expect(runIdOf(TRACE, SPAN)).toBe("d181c846-a54a-57f6-8e29-f69acc73f672");
});

const UUID_V8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const hex = (length: number) =>
  fc
    .array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
    .map((digits) => digits.join(""));

/** The same with big integers, word for word as MurmurHash3_x86_128 has it. */
function eventIdByTheBook(traceId: string, spanId: string, type: string): string {
  const M = 0xffffffffn;
  const rotated = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (32n - by))) & M;
  const C = [0x239b961bn, 0xab0e9789n, 0x38b34ae5n, 0xa1e38b93n] as const;
  const mixed = (k: bigint, lane: 0 | 1 | 2 | 3): bigint => {
    const next = C[((lane + 1) % 4) as 0 | 1 | 2 | 3];
    return (rotated((k * C[lane]) & M, [15n, 16n, 17n, 18n][lane] ?? 0n) * next) & M;
  };
  const avalanche = (word: bigint): bigint => {
    const a = ((word ^ (word >> 16n)) * 0x85ebca6bn) & M;
    const b = ((a ^ (a >> 13n)) * 0xc2b2ae35n) & M;
    return b ^ (b >> 16n);
  };
  const typeHash = createHash("sha1").update(`apie-otel/eventsevent:${type}`).digest("hex").slice(0, 32);
  const words =
    `${traceId}${spanId}${typeHash}${"0".repeat(16)}`.match(/.{8}/g)?.map((w) => BigInt(`0x${w}`)) ?? [];
  let [a, b, c, d] = [0n, 0n, 0n, 0n];
  for (let at = 0; at < words.length; at += 4) {
    const [k1 = 0n, k2 = 0n, k3 = 0n, k4 = 0n] = words.slice(at, at + 4);
    a = ((rotated(a ^ mixed(k1, 0), 19n) + b) * 5n + 0x561ccd1bn) & M;
    b = ((rotated(b ^ mixed(k2, 1), 17n) + c) * 5n + 0x0bcaa747n) & M;
    c = ((rotated(c ^ mixed(k3, 2), 15n) + d) * 5n + 0x96cd1c35n) & M;
    d = ((rotated(d ^ mixed(k4, 3), 13n) + a) * 5n + 0x32ac3b17n) & M;
  }
  const added = (): void => {
    a = (a + b + c + d) & M;
    [b, c, d] = [(b + a) & M, (c + a) & M, (d + a) & M];
  };
  added();
  [a, b, c, d] = [avalanche(a), avalanche(b), avalanche(c), avalanche(d)];
  added();
  const all = (a << 96n) | (b << 64n) | (c << 32n) | d;
  const marked = (all & ~(0xfn << 76n) & ~(0x3n << 62n)) | (0x8n << 76n) | (0x2n << 62n);
  return marked
    .toString(16)
    .padStart(32, "0")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

describe("an event's id", () => {
  test("is a UUID of version 8, mixed by the book", () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.constantFrom(...EVENT_TYPES, "invoice.sent"), (trace, span, type) => {
        expect(eventIdOf(trace, span, type)).toMatch(UUID_V8);
        expect(eventIdOf(trace, span, type)).toBe(eventIdByTheBook(trace, span, type));
      }),
    );
  });

  test("each bit of trace and span changes about half of it", () => {
    const bitsOf = (id: string): bigint => BigInt(`0x${id.replaceAll("-", "")}`);
    const flipped = (text: string, bit: number): string => {
      const at = bit >> 2;
      const digit = Number.parseInt(text.charAt(at), 16) ^ (1 << (bit & 3));
      return text.slice(0, at) + digit.toString(16) + text.slice(at + 1);
    };
    const before = bitsOf(eventIdOf(TRACE, SPAN, "agent.error"));
    const changed = (trace: string, span: string): number =>
      [...(bitsOf(eventIdOf(trace, span, "agent.error")) ^ before).toString(2)].filter((bit) => bit === "1")
        .length;
    for (let bit = 0; bit < 128; bit += 1) {
      const count = changed(flipped(TRACE, bit), SPAN);
      expect(count).toBeGreaterThan(30);
      expect(count).toBeLessThan(92);
    }
    for (let bit = 0; bit < 64; bit += 1) expect(changed(TRACE, flipped(SPAN, bit))).toBeGreaterThan(30);
  });

  test("is made of ids counted up, too, with none twice", () => {
    const counted = (value: number, length: number): string => value.toString(16).padStart(length, "0");
    const ids = new Set<string>();
    for (let trace = 0; trace < 64; trace += 1)
      for (let span = 0; span < 512; span += 1)
        for (const type of ["agent.llm.called", "agent.llm.completed"])
          ids.add(eventIdOf(counted(trace, 32), counted(span, 16), type));
    expect(ids.size).toBe(64 * 512 * 2);
  });

  test("of a span made by hand is that of its name", () => {
    for (const [trace, span] of [
      ["t", "s"],
      [TRACE.toUpperCase(), SPAN],
      [TRACE, "é".repeat(16)],
      ["", ""],
    ] as const)
      expect(eventIdOf(trace, span, "x", 2)).toBe(nameUuid(`${trace}${span}2/x`));
  });
});

describe("no two events share an id", () => {
  test("over types, spans, traces and indices", () => {
    const ids = new Set<string>();
    let count = 0;
    for (const trace of [TRACE, "f".repeat(32)]) {
      for (const span of [SPAN, "0".repeat(16)]) {
        for (let index = 0; index < 12; index += 1) {
          ids.add(runIdOf(trace, span, index));
          count += 1;
          for (const type of [
            ...EVENT_TYPES,
            "",
            "1",
            "#1",
            "agent.error#1",
            "0/agent.error",
            "custom.event",
          ]) {
            ids.add(eventIdOf(trace, span, type, index));
            count += 1;
          }
        }
      }
    }
    expect(ids.size).toBe(count);
  });

  test("whatever the application calls its events", () => {
    const event = fc.tuple(fc.string(), fc.nat(100));
    fc.assert(
      fc.property(event, event, ([type, index], [otherType, otherIndex]) => {
        const same = type === otherType && index === otherIndex;
        expect(eventIdOf(TRACE, SPAN, type, index) === eventIdOf(TRACE, SPAN, otherType, otherIndex)).toBe(
          same,
        );
      }),
    );
  });
});

test("an index of none is the first", () => {
  expect(eventIdOf(TRACE, SPAN, "x")).toBe(eventIdOf(TRACE, SPAN, "x", 0));
  expect(runIdOf(TRACE, SPAN)).toBe(runIdOf(TRACE, SPAN, 0));
});
