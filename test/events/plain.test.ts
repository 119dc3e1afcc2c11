import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toPlain, toPlainObject, truncateText } from "../../src/events/index.ts";

const broken = {
  get good(): string {
    return "kept";
  },
  get bad(): string {
    throw new Error("getter");
  },
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();
class Money {
  readonly amount = 5;
  readonly #secret = "hidden";
  toJSON(): object {
    return { amount: this.amount, length: this.#secret.length };
  }
}

test.each<[what: string, value: unknown, plain: unknown]>([
  ["text", "a", "a"],
  ["number", 1.5, 1.5],
  ["NaN", Number.NaN, "NaN"],
  ["Infinity", Number.POSITIVE_INFINITY, "Infinity"],
  ["minus zero", -0, 0],
  ["boolean", false, false],
  ["null", null, null],
  ["undefined", undefined, undefined],
  ["function", () => 1, undefined],
  ["symbol", Symbol("s"), undefined],
  ["BigInt", 2n ** 70n, "1180591620717411303424"],
  ["boxed values", [new String("a"), new Number(1), new Boolean(false)], ["a", 1, false]],
  ["Date", new Date(0), "1970-01-01T00:00:00.000Z"],
  ["invalid Date", new Date("no"), "Invalid Date"],
  ["Error", new TypeError("bad"), { name: "TypeError", message: "bad" }],
  ["RegExp", /a+/gi, "/a+/gi"],
  ["URL", new URL("https://a.example/x"), "https://a.example/x"],
  [
    "Map",
    new Map<unknown, unknown>([
      ["a", 1],
      [2, { b: 3n }],
      [Symbol("s"), 4],
    ]),
    { a: 1, 2: { b: "3" }, "Symbol(s)": 4 },
  ],
  ["Set", new Set(["a", new Date(0)]), ["a", "1970-01-01T00:00:00.000Z"]],
  ["Buffer", Buffer.from("abc"), "[3 bytes]"],
  ["ArrayBuffer", new ArrayBuffer(8), "[8 bytes]"],
  ["typed array", new Float64Array(4), "[32 bytes]"],
  ["DataView", new DataView(new ArrayBuffer(5), 2), "[3 bytes]"],
  ["members that are nothing", { a: undefined, b: () => 1, c: null }, { c: null }],
  ["items that are nothing", [undefined, () => 1, 1], [null, null, 1]],
  ["toJSON", { money: new Money() }, { money: { amount: 5, length: 6 } }],
  [
    "toJSON that gives itself",
    {
      toJSON(): unknown {
        return this;
      },
    },
    "[Circular]",
  ],
  [
    "toJSON that throws",
    {
      ok: 1,
      no: {
        toJSON() {
          throw new Error("no");
        },
      },
    },
    { ok: 1, no: "[Unreadable]" },
  ],
  ["a getter that throws", broken, { good: "kept", bad: "[Unreadable]" }],
  ["a revoked Proxy", { ok: 1, proxy: revoked.proxy }, { ok: 1, proxy: "[Unreadable]" }],
  [
    "a Proxy that throws",
    new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("no");
        },
      },
    ),
    "[Unreadable]",
  ],
  ["no prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
])("%s", (_what, value, plain) => {
  expect(toPlain(value)).toEqual(plain);
});

test("a cycle ends where it comes back, and sharing is none", () => {
  const shared = { s: 1 };
  const value: Record<string, unknown> = { a: shared, b: shared, list: [] };
  value.self = value;
  (value.list as unknown[]).push(value);
  expect(toPlain(value)).toEqual({ a: { s: 1 }, b: { s: 1 }, list: ["[Circular]"], self: "[Circular]" });
});

test("__proto__ stays a name", () => {
  const value = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}');
  const plain = toPlainObject(value) ?? {};
  expect(Object.keys(plain)).toEqual(["__proto__", "a"]);
  expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
  expect(JSON.stringify(plain)).toBe('{"__proto__":{"polluted":true},"a":1}');
  expect(Object.keys(toPlain(new Map([["__proto__", 1]])) as object)).toEqual(["__proto__"]);
});

describe("bounds", () => {
  const limits = { depth: 3, items: 2, text: 5 };

  test("depth", () => {
    expect(toPlain({ a: { b: { c: { d: 1 }, e: 1 } } }, limits)).toEqual({
      a: { b: { c: "[Too deep]", e: 1 } },
    });
  });

  test("width of lists, sets, objects and maps", () => {
    expect(toPlain([1, 2, 3, 4], limits)).toEqual([1, 2, "[2 more items]"]);
    expect(toPlain(new Set([1, 2, 3]), limits)).toEqual([1, 2, "[1 more items]"]);
    expect(toPlain({ a: 1, b: 2, c: 3 }, limits)).toEqual({ a: 1, b: 2, "…": "1 more members" });
    expect(
      toPlain(
        new Map([
          ["a", 1],
          ["b", 2],
          ["c", 3],
        ]),
        limits,
      ),
    ).toEqual({ a: 1, b: 2, "…": "1 more members" });
    expect(toPlain([1, 2], limits)).toEqual([1, 2]);
  });

  test("text, names among it", () => {
    expect(toPlain("abcdefg", limits)).toBe("abcde…[2 more characters]");
    expect(toPlain("abcde", limits)).toBe("abcde");
    expect(Object.keys(toPlain({ ["n".repeat(300)]: 1 }) as object)).toEqual([
      `${"n".repeat(256)}…[44 more characters]`,
    ]);
  });

  test("values in all: few objects that share members can mean millions", () => {
    let wide: unknown = "leaf";
    for (let level = 0; level < 7; level += 1) wide = Array.from({ length: 100 }, () => wide);
    const json = JSON.stringify(toPlain(wide));
    expect(json.match(/"leaf"/g)?.length).toBeLessThan(20_000);
    expect(json).toContain("[Too large]");
  });

  test("characters in all", () => {
    const texts = Array.from({ length: 50 }, () => "x".repeat(16_000));
    const json = JSON.stringify(toPlain(texts));
    expect(json.match(/x/g)).toHaveLength(131_072);
    expect(json.length).toBeLessThan(135_000);
  });

  test("what is left out is not looked at", () => {
    let read = 0;
    const members = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`m${index}`, index]));
    const counted = new Proxy(members, {
      get(target, name) {
        if (String(name).startsWith("m")) read += 1;
        return target[String(name)];
      },
    });
    toPlain(counted, limits);
    expect(read).toBe(2);
    expect(toPlain(new Array(4_294_967_295), limits)).toEqual([null, null, "[4294967293 more items]"]);
  });
});

describe("surrogates", () => {
  test("a pair is never cut in two", () => {
    expect(truncateText("ab😀cd", 3)).toBe("ab\uFFFD…[3 more characters]");
    expect(truncateText("ab😀cd", 4)).toBe("ab😀…[2 more characters]");
  });

  test("one without the other is replaced", () => {
    expect(toPlain({ "\uD800": ["a\uDC00b"] })).toEqual({ "\uFFFD": ["a\uFFFDb"] });
  });

  test("whatever the text and the limit, what comes out is well formed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(12), (text, limit) => {
        expect(truncateText(text, limit).isWellFormed()).toBe(true);
      }),
    );
  });
});

test("toPlainObject takes objects of named members only", () => {
  for (const value of [undefined, null, "a", 5, [], new Date(), new Set(), Buffer.from(""), () => 1]) {
    expect(toPlainObject(value)).toBeUndefined();
  }
  expect(toPlainObject({ a: 1 })).toEqual({ a: 1 });
  expect(toPlainObject(new Map([["a", 1]]))).toEqual({ a: 1 });
});

test("what comes out of anything is JSON, and nothing is thrown", () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
  });
  fc.assert(
    fc.property(anything, (value) => {
      const plain = toPlain(value);
      if (plain === undefined) return;
      const json = JSON.stringify(plain);
      expect(JSON.parse(json)).toEqual(plain);
    }),
  );
});

describe("a text that is cut before it is redacted", () => {
  const limits = { depth: 2, items: 10, text: 1_000 };
  const secret = "sk-proj-0123456789abcdefghij";

  test.each([4, 8, 12, 20, 27])("holds no half of a secret, %i characters into it", (into) => {
    const before = "word ".repeat(400).slice(0, 1_000 - into - 1);
    const cut = String(toPlain(`${before} ${secret} and more`, limits));
    expect(cut).not.toContain(secret.slice(0, into));
    expect(cut.startsWith(before.trimEnd())).toBe(true);
    expect(cut).toMatch(/…\[\d+ more characters\]$/);
  });

  test("is cut at the limit where it is one long word", () => {
    expect(toPlain("n".repeat(1_500), limits)).toBe(`${"n".repeat(1_000)}…[500 more characters]`);
  });
});
