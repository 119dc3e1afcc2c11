export type { KeptId, KeptIds } from "./kept-ids.ts";
export { QueueStorage } from "./queue-storage.ts";
export type { Orphan } from "./recovery.ts";
export type { StorageHooks, StorageOptions, StorageState } from "./storage-options.ts";
export { isKept } from "./stored-items.ts";
