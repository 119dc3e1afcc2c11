/** What earlier imports have sent, in a file: an import that was interrupted goes on, and the next sends only what is new. */
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { KnownIds } from "../../imports/index.ts";
import { reasonOf } from "../../model/errors.ts";
import { UsageError } from "../failure.ts";
import type { StateLock } from "./state-lock.ts";

/** Where `known` of importSpans is kept. */
export interface KnownStore {
  /** @returns `undefined` before the first import to this destination. */
  read(): Promise<KnownIds | undefined>;
  /** Resolves when it would survive the end of the process. */
  write(known: KnownIds): Promise<void>;
}

/** For an import without a state: it knows nothing, and leaves nothing. */
export const NO_STORE: KnownStore = {
  read: () => Promise.resolve(undefined),
  write: () => Promise.resolve(),
};

const text = z.string().optional();
const progress = z.looseObject({
  sequence: z.int().min(0),
  modelCalls: z.int().min(0),
  toolCalls: z.int().min(0),
  failures: z.int().min(0),
  usage: z.record(z.string(), z.number()).optional(),
});
const item = z.looseObject({
  apieId: text,
  digest: text,
  exported: z.boolean().optional(),
  status: text,
  told: z.array(z.string()).optional(),
  waiting: z.array(z.string()).optional(),
  progress: progress.optional(),
});
const items = z.record(z.string(), item);
const file = z.object({
  version: z.literal(1, "written by another version of apie-otel"),
  /** Apie's ids are those of one Apie. */
  destinations: z.record(z.string(), z.object({ runs: items, sessions: items, workspace: text })),
});
type Content = z.infer<typeof file>;

const MODE = 0o600;

export class StateFile implements KnownStore {
  readonly #lock: StateLock;
  readonly #path: string;
  readonly #destination: string;
  readonly #workspaceId: () => Promise<string | undefined>;
  /** Apie's ids are those of one workspace. */
  #workspace: string | undefined;
  #content: Content = { version: 1, destinations: {} };

  /**
   * @param destination address of the Apie, or another name of where the import goes.
   * @param workspaceId of the key there, as far as it is known.
   */
  constructor(
    lock: StateLock,
    destination: string,
    workspaceId: () => Promise<string | undefined> = () => Promise.resolve(undefined),
  ) {
    this.#lock = lock;
    this.#workspaceId = workspaceId;
    this.#path = lock.path;
    this.#destination = destination;
  }

  /** @throws {UsageError} when the file cannot be read, is no state of an import, or is of another workspace. */
  async read(): Promise<KnownIds | undefined> {
    const content = await this.#read();
    const workspace = await this.#workspaceId();
    const { workspace: before, ...known } = content?.destinations[this.#destination] ?? {};
    if (before !== undefined && workspace !== undefined && before !== workspace)
      throw new UsageError(
        `${this.#path} holds what workspace ${before} of ${this.#destination} has, and the key is of workspace ${workspace}: name another --state file, or give the key of the other`,
      );
    this.#workspace = workspace ?? before;
    if (content === undefined) return undefined;
    this.#content = content;
    return "runs" in known ? (known as KnownIds) : undefined;
  }

  /**
   * The file is the old or the new one, whenever the process ends.
   * @throws {UsageError} when it cannot be written, or another import has it now.
   */
  async write(known: KnownIds): Promise<void> {
    await this.#lock.check();
    this.#content = {
      version: 1,
      destinations: {
        ...this.#content.destinations,
        [this.#destination]: { ...known, workspace: this.#workspace } as Content["destinations"][string],
      },
    };
    const aside = `${this.#path}.part`;
    try {
      // Of one that was killed while it wrote.
      await rm(aside, { force: true });
      const handle = await open(aside, "wx", MODE);
      try {
        await handle.writeFile(`${JSON.stringify(this.#content)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(aside, this.#path);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      await rm(aside, { force: true });
      throw new UsageError(`Cannot write ${this.#path}: ${reasonOf(error)}`, error);
    }
  }

  async #read(): Promise<Content | undefined> {
    let content: string;
    try {
      content = await readFile(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new UsageError(`Cannot read ${this.#path}: ${reasonOf(error)}`, error);
    }
    const parsed = file.safeParse(jsonIn(content));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    throw new UsageError(
      `${this.#path} is no state of an import (${where}${issue?.message ?? "unreadable"}): name another file, or remove it`,
    );
  }
}

function jsonIn(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

/** A renamed file is there for good once its folder is; where folders cannot be opened, the system sees to it. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
