export type { Agreement } from "./agreement.ts";
export { Delivery, type DeliveryOptions, type DeliveryStorage } from "./delivery.ts";
export type { KeptId, KeptIdStore, Orphan, StorageState } from "./durable/index.ts";
export type { EventItem, HandoffItem, WrittenEvent } from "./items.ts";
export { Lane } from "./lane.ts";
export type { Quarantined } from "./quarantine.ts";
export type { EventOutcome, FlushReport, LaneOutcome } from "./totals.ts";
