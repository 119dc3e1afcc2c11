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
  expect(eventIdOf(TRACE, SPAN, "agent.llm.called")).toBe("503e20c9-22d0-52ac-91a0-7855d605630b");
  expect(eventIdOf(TRACE, SPAN, "agent.llm.called", 1)).toBe("b40de3b9-0e1b-50d0-b0de-c7b882e88f86");
  expect(runIdOf(TRACE, SPAN)).toBe("d181c846-a54a-57f6-8e29-f69acc73f672");
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
