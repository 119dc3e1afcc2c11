export type { KeptId, KeptIdStore } from "./kept-id-store.ts";
export { QueueStorage } from "./queue-storage.ts";
export type { Orphan } from "./recovery.ts";
export type { StorageHooks, StorageOptions, StorageState } from "./storage-options.ts";
export { isKept } from "./stored-items.ts";
