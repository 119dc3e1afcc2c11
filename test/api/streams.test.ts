/** Streams that are returned: read in the context they were made in, and their work ends when they do. */
import { Readable } from "node:stream";
import type { UnderlyingSource } from "node:stream/web";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { Apie } from "../../src/index.ts";
import { until } from "../support/until.ts";
import { apiSetup, delivered, metadataOf, only, runsAt } from "./support/api.ts";
import { ClientStream, EventStream } from "./support/client-streams.ts";
import type { SeenSpan } from "./support/seen-spans.ts";

type Call = <T>(apie: Apie, make: () => T) => Promise<T>;

/** Calls whose work a stream goes on with, and the span that is then open. */
const CALLS: Readonly<Record<string, { span: string; run: Call; first?: string }>> = {
  withRun: {
    span: "invoke_agent Support",
    first: "agent.run.time_to_first_token",
    run: (apie, make) => apie.withRun({}, make),
  },
  wrap: {
    span: "invoke_agent Support",
    first: "agent.run.time_to_first_token",
    run: (apie, make) => apie.wrap(make)() as never,
  },
  withTool: { span: "execute_tool t", run: (apie, make) => apie.withTool({ tool: { name: "t" } }, make) },
  withLlmCall: {
    span: "chat gpt",
    first: "gen_ai.response.time_to_first_chunk",
    run: (apie, make) => apie.withLlmCall({ model: { provider: "openai", name: "gpt" } }, () => make()),
  },
};

/** A source of three pieces that tells where each is made, and when it is given up. */
function source(apie: Apie, log: string[] = [], failing = false): () => AsyncGenerator<string> {
  return async function* () {
    try {
      for (const piece of ["a", "b", "c"]) {
        await null;
        apie.track({ type: `made.${piece}` });
        if (failing && piece === "b") throw new RangeError("no");
        yield piece;
      }
    } finally {
      log.push("closed");
    }
  };
}

const readable = (iterator: AsyncGenerator<string>): ReadableStream<string> =>
  new ReadableStream<string>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void (await iterator.return(undefined)),
  });

const encoder = new TextEncoder();
async function* encoded(pieces: AsyncGenerator<string>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield encoder.encode(piece);
}

/** Ways to hand pieces on, and to read them again. */
interface Kind {
  /** Whether giving up early is told to the source. */
  closes?: false;
  make(pieces: () => AsyncGenerator<string>): unknown;
  read(stream: never): AsyncIterable<unknown>;
}

const KINDS: Readonly<Record<string, Kind>> = {
  "an async generator": { make: (pieces) => pieces(), read: (stream: AsyncIterable<string>) => stream },
  "a stream of a client library": {
    make: (pieces) => new ClientStream(pieces),
    read: (stream: ClientStream<string>) => stream,
  },
  "an iterable without return": {
    closes: false,
    make: (pieces) => {
      const iterator = pieces();
      return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) };
    },
    read: (stream: AsyncIterable<string>) => stream,
  },
  "a ReadableStream": { make: (pieces) => readable(pieces()), read: (stream: ReadableStream) => stream },
  "a Response": {
    make: (pieces) =>
      new Response(ReadableStream.from(encoded(pieces())) as never, {
        headers: { "x-own": "kept" },
        status: 203,
      }),
    read: (response: Response) => response.body as never,
  },
  "a Node stream": {
    make: (pieces) => Readable.from(pieces()),
    read: (stream: Readable) => stream,
  },
};
const text = (piece: unknown): string =>
  typeof piece === "string" ? piece : Buffer.from(piece as Uint8Array).toString("utf8");

describe.each(Object.entries(CALLS))("%s", (_call, { span, run, first }) => {
  describe.each(Object.entries(KINDS))("returning %s", (_kind, { make, read, closes = true }) => {
    test("goes on until it is read, in its context, and then ends", async () => {
      const { apie, server, seen } = await apiSetup();
      await apie.withRun({}, async () => {
        const stream = await run(apie, () => make(source(apie)));
        expect(seen.named(span)).toEqual([]);
        const pieces: string[] = [];
        for await (const piece of read(stream as never)) pieces.push(text(piece));
        expect(pieces).toEqual(["a", "b", "c"]);
        await until("the work has ended", () => seen.named(span).length > 0);
      });
      const { spanId, traceId, attributes } = seen.named(span)[0] as SeenSpan;
      expect(attributes).not.toHaveProperty("error.type");
      for (const piece of ["a", "b", "c"]) {
        expect(seen.one(`event made.${piece}`)).toMatchObject({ traceId, parentId: spanId });
      }
      await delivered(apie);
      expect(server.types.filter((type) => type.startsWith("made."))).toEqual(["made.a", "made.b", "made.c"]);
    });

    test("that fails has failed, and the error is thrown on", async () => {
      const { apie, seen } = await apiSetup();
      const stream = await run(apie, () => make(source(apie, [], true)));
      const reading = (async () => {
        for await (const _piece of read(stream as never));
      })();
      await expect(reading).rejects.toThrow(RangeError);
      await until("the work has ended", () => seen.named(span).length > 0);
      expect(seen.one(span).attributes["error.type"]).toBe("RangeError");
    });

    test("given up early closes its source, and ends", async () => {
      const { apie, seen } = await apiSetup();
      const log: string[] = [];
      const stream = await run(apie, () => make(source(apie, log)));
      for await (const _piece of read(stream as never)) break;
      await until("the work has ended", () => seen.named(span).length > 0);
      expect(log).toEqual(closes ? ["closed"] : []);
      expect(seen.one(span).attributes).not.toHaveProperty("error.type");
    });
  });

  test("says when the first piece came", async () => {
    const { apie, seen } = await apiSetup();
    for await (const _piece of await run(apie, source(apie)));
    const times = Object.entries(seen.one(span).attributes).filter(([key]) => key.includes("time_to_first"));
    expect(times).toEqual(first === undefined ? [] : [[first, expect.any(Number)]]);
    for (const [, seconds] of times) {
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThan(1);
    }
  });
});

describe("what is handed on is what was returned", () => {
  test("a client's stream keeps its class, members and methods", async () => {
    const { apie, seen } = await apiSetup();
    const original = new ClientStream(source(apie));
    const stream = await apie.withTool({ tool: { name: "t" } }, () => original);
    expect(stream).toBeInstanceOf(ClientStream);
    expect(stream.controller).toBe(original.controller);
    expect(stream.consumed).toBe(false);
    expect(stream.self()).toBe(stream);
    for await (const _piece of stream);
    expect([stream.consumed, original.consumed]).toEqual([true, true]);
    expect(seen.one("execute_tool t").span.ended).toBe(true);
  });

  test.each([
    [
      "toReadableStream()",
      (stream: ClientStream<string>) => stream.toReadableStream() as AsyncIterable<string>,
    ],
    ["one branch of tee()", (stream: ClientStream<string>) => stream.tee()[1] as AsyncIterable<string>],
  ])("a client's stream read by %s ends its work too", async (_how, other) => {
    const { apie, seen } = await apiSetup();
    const stream = await apie.withTool({ tool: { name: "t" } }, () => new ClientStream(source(apie)));
    const pieces: string[] = [];
    for await (const piece of other(stream)) pieces.push(piece);
    expect(pieces).toEqual(["a", "b", "c"]);
    expect(seen.named("execute_tool t")).toHaveLength(1);
    expect(seen.one("event made.a").parentId).toBe(seen.one("execute_tool t").spanId);
  });

  test("both branches of tee() get every piece", async () => {
    const { apie } = await apiSetup();
    const stream = await apie.withTool({ tool: { name: "t" } }, () => new ClientStream(source(apie)));
    const read = async (branch: AsyncIterable<string>): Promise<string> => {
      let all = "";
      for await (const piece of branch) all += piece;
      return all;
    };
    expect(await Promise.all(stream.tee().map(read))).toEqual(["abc", "abc"]);
  });

  test("a generator may be driven by hand", async () => {
    const { apie, seen } = await apiSetup();
    const generator = await apie.withTool({ tool: { name: "t" } }, async function* (): AsyncGenerator<
      number,
      string,
      string
    > {
      const said = yield 1;
      try {
        yield said.length;
      } catch {
        return "caught";
      }
      return "not reached";
    });
    expect(await generator.next("ignored")).toEqual({ done: false, value: 1 });
    expect(await generator.next("four")).toEqual({ done: false, value: 4 });
    expect(await generator.throw(new Error("no"))).toEqual({ done: true, value: "caught" });
    expect(await generator.next("more")).toEqual({ done: true, value: undefined });
    expect(seen.one("execute_tool t").attributes).not.toHaveProperty("error.type");
  });

  test("a generator that yields while it is given up goes on", async () => {
    const { apie, seen } = await apiSetup();
    const generator = await apie.withTool({ tool: { name: "t" } }, async function* () {
      try {
        yield 1;
      } finally {
        yield 2;
      }
    });
    await generator.next();
    expect(await generator.return(undefined)).toEqual({ done: false, value: 2 });
    expect(seen.named("execute_tool t")).toEqual([]);
    expect((await generator.next()).done).toBe(true);
    expect(seen.named("execute_tool t")).toHaveLength(1);
  });

  test("a frozen iterable", async () => {
    const { apie, seen } = await apiSetup();
    const frozen = Object.freeze({ [Symbol.asyncIterator]: source(apie), extra: () => 42 });
    const stream = await apie.withTool({ tool: { name: "t" } }, () => frozen);
    expect(stream.extra()).toBe(42);
    for await (const _piece of stream);
    expect(seen.named("execute_tool t")).toHaveLength(1);
  });

  test("members may be set", async () => {
    const { apie } = await apiSetup();
    const original = new ClientStream(source(apie)) as ClientStream<string> & { note?: string };
    const stream = await apie.withTool({ tool: { name: "t" } }, () => original);
    stream.note = "mine";
    expect(original.note).toBe("mine");
    for await (const _piece of stream);
  });

  test("a Response keeps status, headers and address", async () => {
    const { apie } = await apiSetup();
    const original = new Response(readableBytes(["a"]), {
      status: 206,
      statusText: "Partial",
      headers: { "x-own": "1" },
    });
    Object.defineProperty(original, "url", { value: "http://localhost/x" });
    const response = await apie.withTool({ tool: { name: "t" } }, () => original);
    expect(response).toBeInstanceOf(Response);
    expect(response).toMatchObject({ status: 206, statusText: "Partial", url: "http://localhost/x" });
    expect(response.headers.get("x-own")).toBe("1");
    expect(await response.text()).toBe("a");
  });

  test("a byte stream may be read into one's own buffer", async () => {
    const { apie, seen } = await apiSetup();
    const stream = await apie.withTool({ tool: { name: "t" } }, () => readableBytes(["abc", "de"], "bytes"));
    const reader = stream.getReader({ mode: "byob" });
    const chunks: string[] = [];
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(2));
      if (done) break;
      chunks.push(text(value));
    }
    expect(chunks.join("")).toBe("abcde");
    expect(seen.named("execute_tool t")).toHaveLength(1);
  });

  test("nothing is read ahead of the consumer", async () => {
    const { apie } = await apiSetup();
    let pulls = 0;
    const stream = await apie.withTool(
      { tool: { name: "t" } },
      () =>
        new ReadableStream<number>(
          {
            pull(controller) {
              pulls += 1;
              controller.enqueue(pulls);
              if (pulls === 3) controller.close();
            },
          },
          { highWaterMark: 0 },
        ),
    );
    expect(pulls).toBe(0);
    const reader = stream.getReader();
    await reader.read();
    expect(pulls).toBe(1);
    await reader.cancel("enough");
  });

  test("the reason for a cancel reaches the source", async () => {
    const { apie, seen } = await apiSetup();
    let reason: unknown;
    const stream = await apie.withTool(
      { tool: { name: "t" } },
      () =>
        new ReadableStream({
          cancel(given) {
            reason = given;
          },
        }),
    );
    await stream.cancel("enough");
    expect(reason).toBe("enough");
    expect(seen.named("execute_tool t")).toHaveLength(1);
  });
});

function readableBytes(pieces: string[], type?: "bytes"): ReadableStream<Uint8Array> {
  const left = [...pieces];
  return new ReadableStream({
    ...(type === undefined ? {} : { type }),
    pull(controller: ReadableStreamDefaultController | ReadableByteStreamController) {
      const piece = left.shift();
      if (piece !== undefined) {
        controller.enqueue(encoder.encode(piece) as never);
        return;
      }
      controller.close();
      if ("byobRequest" in controller) controller.byobRequest?.respond(0);
    },
  } as UnderlyingSource<Uint8Array>);
}

describe("values that are no streams any more end their work at once, untouched", () => {
  const locked = new ReadableStream();
  locked.getReader();
  const used = new Response("read");
  const values: readonly (readonly [string, unknown])[] = [
    ["a locked ReadableStream", locked],
    ["a Response without a body", new Response(null, { status: 204 })],
    ["a Response that was read", used],
    ["a Response of known length", new Response("abc", { headers: { "content-length": "3" } })],
    ["a Response of one JSON document", Response.json({ a: 1 })],
    [
      "a Response of another JSON document",
      new Response("{}", { headers: { "content-type": "application/problem+json; charset=utf-8" } }),
    ],
    ["an error Response", Response.error()],
    ["an array", [1, 2]],
    ["a text", "abc"],
    ["nothing", undefined],
    [
      "an object with a member that throws",
      Object.defineProperty({}, Symbol.asyncIterator, {
        get() {
          throw new Error("no");
        },
      }),
    ],
    ["a Node stream that has ended", Readable.from([]).destroy()],
  ];

  test.each(values)("%s", async (_what, value) => {
    if (value === used) await used.text();
    const { apie, seen } = await apiSetup();
    expect(await apie.withTool({ tool: { name: "t" } }, () => value)).toBe(value);
    expect(seen.one("execute_tool t").attributes).not.toHaveProperty("error.type");
  });

  test.each(["application/x-ndjson", "application/jsonl", "application/stream+json", "text/event-stream"])(
    "but a Response of %s is a stream",
    async (type) => {
      const { apie, seen } = await apiSetup();
      const response = await apie.withTool(
        { tool: { name: "t" } },
        () => new Response(readableBytes(["{}"]), { headers: { "content-type": type } }),
      );
      expect(seen.named("execute_tool t")).toEqual([]);
      await response.text();
      expect(seen.named("execute_tool t")).toHaveLength(1);
    },
  );
});

describe("streams that tell by events", () => {
  test("a Node stream that is piped ends its work, and stays itself", async () => {
    const { apie, seen } = await apiSetup();
    const original = Readable.from(["a", "b"]);
    const stream = await apie.withTool({ tool: { name: "t" } }, () => original);
    expect(stream).toBe(original);
    const chunks: unknown[] = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    await until("the work has ended", () => seen.named("execute_tool t").length > 0);
    expect(chunks).toEqual(["a", "b"]);
  });

  test("a Node stream that is destroyed with an error has failed", async () => {
    const { apie, seen } = await apiSetup();
    const stream = await apie.withTool(
      { tool: { name: "t" } },
      () => new Readable({ read: () => undefined }),
    );
    stream.once("error", () => undefined);
    stream.destroy(new RangeError("no"));
    await until("the work has ended", () => seen.named("execute_tool t").length > 0);
    expect(seen.one("execute_tool t").attributes["error.type"]).toBe("RangeError");
  });

  test.each([
    [false, undefined],
    [true, "Error"],
  ])("a client's runner that is only listened to (failed: %s)", async (failed, type) => {
    const { apie, seen } = await apiSetup();
    const original = new EventStream();
    const stream = await apie.withLlmCall({ model: { provider: "openai", name: "gpt" } }, () => original);
    expect(stream).toBe(original);
    stream.push("a");
    stream.finish(failed);
    await until("the work has ended", () => seen.named("chat gpt").length > 0);
    expect(seen.one("chat gpt").attributes["error.type"]).toBe(type);
  });

  test("a client's runner that has finished already is a value like any other", async () => {
    const { apie, seen } = await apiSetup();
    const stream = new EventStream();
    stream.finish();
    await apie.withTool({ tool: { name: "t" } }, () => stream);
    expect(seen.named("execute_tool t")).toHaveLength(1);
  });
});

test("an iterable is asked for its iterator in its context", async () => {
  const { apie, seen } = await apiSetup();
  const stream = await apie.withTool({ tool: { name: "t" } }, () => ({
    [Symbol.asyncIterator]() {
      apie.track({ type: "asked" });
      return source(apie)();
    },
  }));
  for await (const _piece of stream);
  expect(seen.one("event asked").parentId).toBe(seen.one("execute_tool t").spanId);
});

test("a stream that is thrown away unread ends its work when it is collected", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { apie, server, seen } = await apiSetup();
  await apie.withRun({}, async () => {
    await apie.withTool({ tool: { name: "iterable" } }, source(apie));
    await apie.withTool({ tool: { name: "readable" } }, () => readable(source(apie)()));
    await until("both are collected", () => {
      collect();
      return seen.named("execute_tool iterable").length + seen.named("execute_tool readable").length === 2;
    });
  });
  await delivered(apie);
  const run = only(runsAt(server));
  expect(metadataOf(run.completion ?? {})).toMatchObject({ tool_calls: 2, failures: 0 });
});

test("what a run streams belongs to it until the last piece", async () => {
  const { apie, server } = await apiSetup();
  const stream = await apie.withSession({}, () => apie.withRun({}, source(apie)));
  for await (const _piece of stream);
  await delivered(apie);
  const run = only(runsAt(server));
  expect(run.types).toEqual(["made.a", "made.b", "made.c"]);
  expect(run.completion?.status).toBe("completed");
});

test("usage may be set while the stream is read", async () => {
  const { apie, server } = await apiSetup();
  await apie.withRun({}, async () => {
    const stream = await apie.withLlmCall(
      { model: { provider: "openai", name: "gpt" } },
      async function* (call) {
        yield "a";
        call.setUsage({ inputTokens: 7, outputTokens: 1 });
        call.setResponse({ finishReason: "stop" });
      },
    );
    for await (const _piece of stream);
  });
  await delivered(apie);
  expect(server.eventsOf("agent.llm.completed")).toMatchObject([
    { payload_summary: { usage: { input: 7, output: 1 }, finish_reason: "stop", stream: true } },
  ]);
});
