/** What an instance is told at its start. */
export interface InstanceOptions {
  /** Address of Apie. */
  url: string;
  /** Port of redis-server. */
  port: number;
  library: "redis" | "ioredis";
  ttlMs?: number;
}

export const options = (): InstanceOptions => JSON.parse(process.env.INSTANCE ?? "null") as InstanceOptions;
