/**
 * A process with a queue on disk. `work` makes runs until it is killed, and says of each event when it is in the file; `drain`
 * sends what is there and ends. Arguments: address of Apie, path of the queue, name of the round, `work` or `drain`.
 */
import { ApieClient } from "../../../../src/apie-api/index.ts";
import { Delivery, type EventItem, Lane } from "../../../../src/delivery/index.ts";

const [baseUrl = "", path = "", round = "", mode = ""] = process.argv.slice(2);

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const delivery = new Delivery({
  client: new ApieClient({ baseUrl, apiKey: "key", timeoutMs: 2_000 }),
  identify: {
    agent: { key: "support", name: "Support" },
    runtime: { language: "typescript", sdk_version: "0" },
    mode: "monitor",
    hostname: "test",
  },
  capabilities: [],
  maxBatchSize: 25,
  maxBatchBytes: 524_288,
  maxConcurrentBatches: 4,
  maxQueueSize: 100_000,
  maxQueueBytes: 67_108_864,
  queueDropPolicy: "drop_oldest",
  flushIntervalMs: 10,
  retryAttempts: 1_000,
  retryBaseDelayMs: 2,
  storage: {
    path,
    maxBytes: 536_870_912,
    agentKey: "support",
    shown: (key) => key,
    orphanEnd: ({ status }) => ({ status, metadata: { closed_by: "process_ended" } }),
  },
  onDrop: ({ what, reason }) => say(`lost ${what} ${reason}`),
  onProblem: (error) => {
    if (error.code.startsWith("queue_storage")) say(`problem ${error.message}`);
  },
});
delivery.start();

function eventOf(lane: Lane, sequence: number): EventItem {
  const eventId = `${lane.key}/${sequence}`;
  const json = JSON.stringify({
    type: "custom.event",
    agent_key: "support",
    event_id: eventId,
    sequence_number: sequence,
    metadata: { key: lane.key },
  });
  return {
    kind: "event",
    type: "custom.event",
    bytes: 300,
    ticket: 0,
    write: (bound) => ({ eventId, json: `${json.slice(0, -1)}${bound}}` }),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Says what is in the file by now. */
async function saved(lines: readonly string[]): Promise<void> {
  while (delivery.storage?.unsaved !== 0) await turn();
  for (const line of lines) say(line);
}

async function work(): Promise<never> {
  const session = new Lane(
    `${round}-s`,
    { kind: "session", body: { kind: "pipeline", metadata: { key: `${round}-s` } } },
    { ownAgent: true, orphanStatus: "cancelled" },
  );
  delivery.open(session);
  const lanes: { lane: Lane; sequence: number }[] = [];
  for (let runs = 0; ; runs += 1) {
    const key = `${round}-r${runs}`;
    const within = Math.random() < 0.5 ? session : undefined;
    const lane = new Lane(
      key,
      { kind: "run", body: { metadata: { key } }, session: within, parent: undefined },
      { ownAgent: true, session: within, orphanStatus: "failed" },
    );
    delivery.open(lane);
    lanes.push({ lane, sequence: 0 });
    const lines = [`opened ${key}`];
    for (const open of lanes) {
      for (let events = Math.floor(Math.random() * 6); events > 0; events -= 1) {
        open.sequence += 1;
        delivery.push(open.lane, eventOf(open.lane, open.sequence));
        lines.push(`event ${open.lane.key}/${open.sequence}`);
      }
    }
    if (lanes.length > 4) {
      const [ended] = lanes.splice(Math.floor(Math.random() * lanes.length), 1);
      if (ended !== undefined) {
        delivery.complete(ended.lane, { status: "completed", metadata: { events: ended.sequence } });
        lines.push(`ended ${ended.lane.key}`);
      }
    }
    await saved(lines);
    if (Math.random() < 0.3) await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
  }
}

if (mode === "work") {
  say("ready");
  await work();
} else {
  let report = await delivery.flush(30_000);
  // Of a folder one file after the other is taken over.
  while (report.ok && delivery.storage?.adoptedFiles.length !== 0) {
    await turn();
    report = await delivery.flush(30_000);
  }
  say(JSON.stringify({ report, storage: delivery.storage, queued: delivery.queued }));
  await delivery.shutdown(1_000);
}
