/** What the stream of a run of Agno has said so far, over lost connections: each event once, in its order. */
import { agnoRuns } from "../../imports/index.ts";
import { reasonOf } from "../../model/errors.ts";

type Event = Readonly<Record<string, unknown>>;

/** Parts of an answer that is there whole in the end. */
const DELTAS = /^(?:Team)?(?:RunContent|RunIntermediateContent|ReasoningContentDelta)$/;
/** After these nothing more comes; a run that was paused may go on. A cancelled run says it is completed, too. */
const ENDS = /^(?:Team)?Run(?:Completed|Error|Cancelled)$|^Workflow(?:Completed|Error|Cancelled)$/;
/** Frames about the stream itself are named in lower case, events are not. */
const CONTROL = /^[a-z]/;
/** Characters of events that are kept; the document of the run tells the rest. */
const MAX_CHARACTERS = 64 * 1024 * 1024;

export class EventLog {
  readonly #runId: string;
  readonly #tell: (note: string) => void;
  readonly #maxCharacters: number;
  #events: Event[] = [];
  /** Of stored events that were replayed: later ones may repeat them under other numbers. */
  #replayed: ReadonlySet<string> | undefined;
  #characters = 0;
  #isFull = false;
  #lastIndex: number | undefined;
  #isOver = false;
  #failure: string | undefined;
  #hasToldOfGaps = false;

  constructor(runId: string, tell: (note: string) => void, maxCharacters = MAX_CHARACTERS) {
    this.#runId = runId;
    this.#tell = tell;
    this.#maxCharacters = maxCharacters;
  }

  /** Index of the last event, to go on from. */
  get lastIndex(): number | undefined {
    return this.#lastIndex;
  }

  /** The run has said that it is at its end. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Why the server has no stream of the run, if it said so. */
  takeFailure(): string | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  get length(): number {
    return this.#events.length;
  }

  /** The events as a document of their own. */
  document(): readonly Event[] {
    return [...this.#events];
  }

  /** The same without the end of the run, which its document tells. */
  untilTheEnd(): readonly Event[] {
    return this.#events.filter((event) => !this.#isEnd(event));
  }

  #isEnd({ event, run_id }: Event): boolean {
    return run_id === this.#runId && ENDS.test(String(event));
  }

  /** @param data of one message of the stream. @returns whether it told something new of the run. */
  add(data: string): boolean {
    const frame = this.#parsed(data);
    if (frame === undefined) return false;
    const name = typeof frame.event === "string" ? frame.event : "";
    if (CONTROL.test(name)) {
      this.#control(name, frame);
      return false;
    }
    const { event_index: index } = frame;
    if (typeof index === "number") {
      if (this.#lastIndex !== undefined && index <= this.#lastIndex) return false;
      this.#note(index);
    }
    // Failures before the run has begun do not say whose they are.
    const event =
      typeof frame.run_id === "string" && frame.run_id !== "" ? frame : { ...frame, run_id: this.#runId };
    this.#isOver ||= this.#isEnd(event);
    return !DELTAS.test(name) && this.#keep(event, data.length);
  }

  #parsed(data: string): Event | undefined {
    try {
      const frame: unknown = JSON.parse(data);
      if (typeof frame === "object" && frame !== null && !Array.isArray(frame)) return frame as Event;
    } catch {
      // Told below, as is a frame that holds something else.
    }
    this.#tell("a message of the stream is no JSON object, and is left out");
    return undefined;
  }

  #control(name: string, frame: Event): void {
    if (name === "error") {
      const { error, message } = frame;
      this.#failure = String(error ?? message ?? "it has no stream of the run").slice(0, 200);
    }
    // Of what the database holds all is replayed, under numbers of its own.
    if (name === "replay" && frame.last_event_index_requested === undefined) {
      this.#events = [];
      this.#characters = 0;
      this.#lastIndex = undefined;
      this.#replayed = new Set();
    }
    if (name === "catch_up" || name === "subscribed") this.#fromStored();
  }

  /** What was replayed is known by what it says, as its numbers are not those of the stream. */
  #fromStored(): void {
    if (this.#replayed === undefined || this.#replayed.size > 0) return;
    this.#replayed = new Set(this.#events.map(saying));
    this.#lastIndex = undefined;
  }

  #note(index: number): void {
    const expected = this.#lastIndex === undefined ? 0 : this.#lastIndex + 1;
    if (index > expected && !this.#hasToldOfGaps && this.#replayed === undefined) {
      this.#hasToldOfGaps = true;
      this.#tell(
        "the server no longer has the first events of the run; its document will tell what they did",
      );
    }
    this.#lastIndex = index;
  }

  #keep(event: Event, characters: number): boolean {
    if (this.#replayed?.has(saying(event)) === true || this.#isFull) return false;
    if (this.#characters + characters > this.#maxCharacters) {
      this.#isFull = true;
      this.#tell("the stream tells more than is kept of one run; its document will tell the rest");
      return false;
    }
    try {
      agnoRuns([event]);
    } catch (error) {
      this.#tell(`an event is left out: ${reasonOf(error)}`);
      return false;
    }
    this.#events.push(event);
    this.#characters += characters;
    return true;
  }
}

const saying = ({ event_index: _, ...event }: Event): string => JSON.stringify(event);
