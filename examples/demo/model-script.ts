/** What the model says in the demo. */
import type { Script, Turn } from "../support/model-server.ts";

/** As a model would need for so much. */
const DELAY_MS = 25;
const PAUSE_MS = 4;

const call = (name: string, args: object): { name: string; arguments: object } => ({ name, arguments: args });

/** The provider has an outage. */
const OUTAGE: Turn = { error: { status: 503, message: "The model is overloaded", retryAfterMs: 20 } };

/** Support's turns, by a word of what the customer wrote. */
const SUPPORT: readonly (readonly [word: RegExp, turns: Script])[] = [
  [
    /where/i,
    () => [
      { toolCalls: [call("lookup_order", { orderId: "1042" })], usage: { input: 412, output: 21 } },
      {
        text: "I ask the carrier, and look up what our rules say.",
        toolCalls: [
          call("track_parcel", { parcel: "NP-77120" }),
          call("search_articles", { query: "late parcel" }),
        ],
        usage: { input: 478, cached: 384, output: 63, reasoning: 32 },
      },
      {
        text: "The carrier does not answer, but your parcel is overdue: you may have a refund or a new one.",
        usage: { input: 590, cached: 448, output: 34 },
      },
    ],
  ],
  [
    /refund/i,
    ({ results }) => [
      {
        toolCalls: [call("transfer_to_billing", { orderId: "1042", reason: "Parcel lost" })],
        usage: { input: 655, cached: 576, output: 28 },
      },
      {
        text: `Done. ${results.transfer_to_billing} You will see it on your account within two days.`,
        usage: { input: 702, cached: 640, output: 31 },
      },
    ],
  ],
  [/address/i, () => OUTAGE],
];

const BILLING: readonly Turn[] = [
  { toolCalls: [call("issue_refund", { orderId: "1042" })], usage: { input: 140, output: 17 } },
  { text: "49.90 EUR were refunded.", usage: { input: 171, cached: 128, output: 11 } },
];

const OTHERWISE: Turn = { text: "I can find orders and give refunds. What may I do for you?" };

const slow = (turn: Turn): Turn =>
  "error" in turn ? turn : { delayMs: DELAY_MS, pauseMs: PAUSE_MS, ...turn };

export const demoScript: Script = (request) => {
  const isBilling = request.instructions.includes("billing agent");
  const support = SUPPORT.find(([word]) => word.test(request.prompt))?.[1];
  const turns = isBilling ? BILLING : (support?.(request) ?? OTHERWISE);
  return [turns].flat().map(slow);
};
