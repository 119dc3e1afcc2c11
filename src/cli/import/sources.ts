/** What is to be imported: by the options of the command, as spans, once or in ever newer versions. */
import { ApieImportError, agDevRun, agnoRuns, type ImportedSpan } from "../../imports/index.ts";
import { UsageError } from "../failure.ts";
import { agDevAddress, agentOsAddress } from "./addresses.ts";
import { AgDev, followAgDev } from "./ag-dev.ts";
import { AgentOs, COMPONENTS, type Component, type ComponentType } from "./agent-os.ts";
import { followSession, RunFollowing, readAgno } from "./agno-source.ts";
import { SourceHttp } from "./http.ts";
import { readRecording } from "./recording.ts";
import type { FollowOptions } from "./trying.ts";

export const SYSTEMS = ["agno", "agdev"] as const;
export type System = (typeof SYSTEMS)[number];

export interface SourceOptions {
  readonly file?: string;
  readonly baseUrl?: string;
  readonly session?: string;
  readonly type?: ComponentType;
  readonly run?: string;
  readonly agent?: string;
  readonly team?: string;
  readonly workflow?: string;
  readonly follow?: true;
  /** Seconds. */
  readonly interval: number;
  /** Milliseconds. */
  readonly timeout: number;
}

export interface Source {
  /** As spans name it: `agno`, `ag.dev`. */
  readonly name: string;
  /** Where it is read from. */
  readonly place: string;
  /** Goes on until somebody stops it. */
  readonly isEndless: boolean;
  versions(): AsyncGenerator<Iterable<ImportedSpan>, void, void>;
}

/** @throws {UsageError} for options that do not go together. */
export function sourceOf(system: System, options: SourceOptions, follow: FollowOptions): Source {
  if (options.file === undefined) return LIVE[system](options, follow);
  const wrong = (["baseUrl", "run", "agent", "team", "workflow", "follow"] as const).filter(
    (name) => options[name] !== undefined,
  );
  if (wrong.length > 0)
    throw new UsageError(`--file is read as it is: leave out ${wrong.map(optionOf).join(", ")}`);
  return recorded(system, options, options.file);
}

const optionOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function needed(options: SourceOptions, name: "baseUrl" | "session" | "run" | "agent", why: string): string {
  const value = options[name]?.trim();
  if (value === undefined || value === "") throw new UsageError(`${optionOf(name)} is missing: ${why}`);
  return value;
}

function recorded(system: System, { session, type }: SourceOptions, file: string): Source {
  if (system === "agdev" && type !== undefined) throw new UsageError("--type is of agno");
  return {
    name: NAMES[system],
    place: file === "-" ? "standard input" : file,
    isEndless: false,
    async *versions() {
      const document = await readRecording(file);
      try {
        yield system === "agno"
          ? agnoRuns(document, { sessionId: session, sessionType: type })
          : agDevRun(document, { sessionId: session });
      } catch (error) {
        // It cannot be read, as a file that is not JSON cannot.
        if (error instanceof ApieImportError) throw new UsageError(`${file}: ${error.message}`, error);
        throw error;
      }
    },
  };
}

const NAMES: Readonly<Record<System, string>> = { agno: "agno", agdev: "ag.dev" };

const LIVE: Readonly<Record<System, (options: SourceOptions, follow: FollowOptions) => Source>> = {
  agno: agnoSource,
  agdev: agDevSource,
};

const httpOf = (
  address: ConstructorParameters<typeof SourceHttp>[0],
  { timeout }: SourceOptions,
  follow: FollowOptions,
) => new SourceHttp(address, { timeoutMs: timeout, signal: follow.signal, tell: follow.tell });

function agnoSource(options: SourceOptions, follow: FollowOptions): Source {
  const address = agentOsAddress(
    needed(options, "baseUrl", "give the address of the AgentOS, or --file FILE"),
  );
  const sessionId = needed(options, "session", "give the id of the session whose runs are imported");
  const http = httpOf(address, options, follow);
  const agentOs = new AgentOs(http);
  // What a stream says of itself is told as well.
  const following = { ...follow, tell: (note: string) => follow.tell(http.withoutToken(note)) };
  const { run: runId, type } = options;
  const component = componentIn(options);
  const asked = { sessionId, type, runId, component };
  const context = { sessionId, sessionType: type };
  const follows = options.follow === true;
  return {
    name: NAMES.agno,
    place: agentOs.baseUrl,
    isEndless: follows && runId === undefined,
    async *versions() {
      if (!follows) {
        yield agnoRuns(await readAgno(agentOs, asked), context);
        return;
      }
      const documents =
        runId === undefined
          ? followSession(agentOs, asked, following)
          : new RunFollowing(agentOs, { ...asked, runId }, following).versions();
      for await (const document of documents) yield agnoRuns(document, context);
    },
  };
}

/** @throws {UsageError} when a run is said to be of several, or they are named without a run. */
function componentIn(options: SourceOptions): Component | undefined {
  const named = COMPONENTS.flatMap((type): Component[] => {
    const id = options[type]?.trim();
    return id === undefined || id === "" ? [] : [{ type, id }];
  });
  if (named.length > 1) throw new UsageError("A run is of one --agent, --team or --workflow");
  if (named.length > 0 && options.run === undefined)
    throw new UsageError(`--${named[0]?.type} says whose run it is: give --run, too`);
  return named[0];
}

function agDevSource(options: SourceOptions, follow: FollowOptions): Source {
  const wrong = (["type", "team", "workflow"] as const).filter((name) => options[name] !== undefined);
  if (wrong.length > 0) throw new UsageError(`${wrong.map(optionOf).join(", ")}: ag.dev has agents only`);
  const agentId = needed(options, "agent", "give the id of the agent whose run is imported, or --file FILE");
  const runId = needed(options, "run", "give the id of the run");
  const address = agDevAddress(options.baseUrl);
  const agDev = new AgDev(httpOf(address, options, follow), agentId);
  const context = { sessionId: options.session };
  return {
    name: NAMES.agdev,
    place: address.baseUrl,
    isEndless: false,
    async *versions() {
      if (options.follow !== true) {
        yield agDevRun(await agDev.bundle(runId), context);
        return;
      }
      for await (const bundle of followAgDev(agDev, runId, follow)) yield agDevRun(bundle, context);
    },
  };
}
