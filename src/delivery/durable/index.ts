export { QueueStorage, type StorageHooks, type StorageOptions, type StorageState } from "./queue-storage.ts";
export type { Orphan } from "./recovery.ts";
export { isKept } from "./stored-items.ts";
