/** What the agents do: tools over the shop's systems. */
import { tool } from "ai";
import { z } from "zod";

const orderId = z.string().regex(/^\d+$/);

export const lookupOrder = tool({
  description: "Finds an order",
  inputSchema: z.object({ orderId }),
  execute: ({ orderId }) => ({ orderId, item: "Rain jacket", price: "49.90 EUR", parcel: "NP-77120" }),
});

export const trackParcel = tool({
  description: "Asks the carrier where a parcel is",
  inputSchema: z.object({ parcel: z.string() }),
  execute: ({ parcel }): string => {
    throw new Error(`Carrier does not answer: no position of ${parcel}`);
  },
});

export const issueRefund = tool({
  description: "Refunds an order",
  inputSchema: z.object({ orderId }),
  execute: ({ orderId }) => ({ orderId, refunded: "49.90 EUR" }),
});
