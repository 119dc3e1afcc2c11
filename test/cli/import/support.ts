/** An import as the command makes it, in this process: from a server of ours to a recording Apie. */
import { type Outcome, runImport } from "../../../src/cli/import/run-import.ts";
import { type SourceOptions, type System, sourceOf } from "../../../src/cli/import/sources.ts";
import type { KnownStore } from "../../../src/cli/import/state.ts";
import { Progress } from "../../../src/cli/shared/terminal.ts";
import type { ImportDestination, ImportedSpan, KnownIds } from "../../../src/imports/index.ts";
import { toApie } from "../../imports/support.ts";
import type { RecordingApie } from "../../support/recording-apie.ts";

/** A state that is kept in memory. */
export class MemoryStore implements KnownStore {
  known: KnownIds | undefined;
  writes = 0;

  read(): Promise<KnownIds | undefined> {
    return Promise.resolve(this.known);
  }

  write(known: KnownIds): Promise<void> {
    this.known = JSON.parse(JSON.stringify(known)) as KnownIds;
    this.writes += 1;
    return Promise.resolve();
  }
}

class Backend implements ImportDestination {
  readonly spans: ImportedSpan[] = [];

  export(spans: never[], done: (result: { code: number }) => void): void {
    this.spans.push(...(spans as ImportedSpan[]));
    done({ code: 0 });
  }

  get names(): string[] {
    return this.spans.map(({ name }) => name);
  }
}

export interface Importing {
  readonly apie: RecordingApie;
  readonly backend: Backend;
  readonly notes: string[];
  readonly done: Promise<Outcome>;
  stop(): void;
}

export interface More {
  readonly store?: KnownStore;
  readonly giveUpMs?: number;
}

export async function importing(
  system: System,
  options: Partial<SourceOptions>,
  { store = new MemoryStore(), giveUpMs }: More = {},
): Promise<Importing> {
  const { server, processor } = await toApie();
  const backend = new Backend();
  const notes: string[] = [];
  const stopped = new AbortController();
  const given = { interval: 1, timeout: 5_000, ...options };
  const follow = {
    intervalMs: 10,
    giveUpMs,
    signal: stopped.signal,
    tell: (note: string) => void notes.push(note),
  };
  const done = runImport({
    source: sourceOf(system, given, follow),
    destinations: {
      processor,
      apieUrl: server.url,
      exporter: backend,
      otlpUrl: "memory",
      captureContent: false,
      workspaceId: () => Promise.resolve(undefined),
      close: () => Promise.resolve(),
    },
    store,
    follows: options.follow === true,
    signal: stopped.signal,
    progress: new Progress("spans read"),
  });
  done.catch(() => undefined);
  return { apie: server, backend, notes, done, stop: () => stopped.abort() };
}

/** Ids of the events that arrived, which are to be unique. */
export const eventIds = ({ events }: RecordingApie): unknown[] => events.map(({ event_id }) => event_id);
