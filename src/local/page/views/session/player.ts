/** The replay of a session: which events are shown, where it stands, and whether it plays. */
import { batch, computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { EventLine } from "../../data/event-line.ts";
import type { Handoff, Run } from "../../data/records.ts";
import { place, setQuery } from "../../parts/router.ts";
import { type Grouping, itemsOf } from "../../replay/groups.ts";
import { arrowsOf } from "../../replay/handoffs.ts";
import { type Category, categoryOf, searchTextOf, toneOf } from "../../replay/kinds.ts";
import { lanesOf } from "../../replay/lanes.ts";
import { stayMs } from "../../replay/pace.ts";
import { timeScale } from "../../replay/scale.ts";

export interface Sources {
  readonly lines: ReadonlySignal<readonly EventLine[]>;
  readonly runs: ReadonlySignal<readonly Run[]>;
  readonly handoffs: ReadonlySignal<readonly Handoff[]>;
}

/** The screen does not show more than one event in less. */
const FRAME_MS = 16;
/** What a page in the background, say, fell behind by more than that is not made up for. */
const LATEST_MS = 500;

const listOf = (text: string | null): string[] => (text === null || text === "" ? [] : text.split(","));

export class Player {
  readonly lines: Sources["lines"];
  /** The event it stands at; without one everything is in view. */
  readonly at = signal<string | undefined>(undefined);
  readonly isPlaying = signal(false);
  readonly speed = signal(1);
  readonly grouping = signal<Grouping>("time");
  readonly hidden = signal<ReadonlySet<Category>>(new Set());
  readonly type = signal("");
  readonly text = signal("");
  readonly onlyTelling = signal(false);
  /** Whether the list stays at its end as events come. */
  readonly isFollowing = signal(false);

  readonly lanes;
  readonly arrows;
  readonly scale;
  readonly counts;
  readonly types;
  readonly shown;
  readonly items;
  /** Of the event it stands at among those shown, or -1. */
  readonly index;
  /** The same among the items of the list. */
  readonly itemIndex;
  readonly current;
  readonly #searchTexts = new Map<string, string>();
  readonly #stops: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** While it plays, when it came to the event it stands at, in ms of the page's clock. */
  #since: number | undefined;

  constructor({ lines, runs, handoffs }: Sources, query: URLSearchParams) {
    this.lines = lines;
    this.at.value = query.get("at") ?? undefined;
    this.hidden.value = new Set(listOf(query.get("hide")) as Category[]);
    this.type.value = query.get("type") ?? "";
    this.text.value = query.get("q") ?? "";
    this.onlyTelling.value = query.get("only") === "telling";
    this.grouping.value = query.get("group") === "run" ? "run" : "time";

    this.lanes = computed(() => lanesOf(runs.value, lines.value));
    this.arrows = computed(() => arrowsOf(this.lanes.value, lines.value, handoffs.value));
    this.scale = computed(() =>
      timeScale([
        ...this.lanes.value.flatMap(({ startUs, endUs }) =>
          endUs === undefined ? [startUs] : [startUs, endUs],
        ),
        ...lines.value.map(({ replay_us }) => replay_us),
      ]),
    );
    this.counts = computed(() => {
      const counts = new Map<Category, number>();
      for (const line of lines.value) counts.set(categoryOf(line), (counts.get(categoryOf(line)) ?? 0) + 1);
      return counts;
    });
    this.types = computed(() => [...new Set(lines.value.map(({ type }) => type))].sort());
    this.shown = computed(() => this.#filtered());
    this.items = computed(() => itemsOf(this.shown.value, this.lanes.value, this.grouping.value));
    this.index = computed(() => this.shown.value.findIndex(({ event_id }) => event_id === this.at.value));
    this.itemIndex = computed(() => {
      const at = this.at.value;
      return at === undefined
        ? -1
        : this.items.value.findIndex((item) => item.kind === "event" && item.line.event_id === at);
    });
    /** Also when the filter hides it. */
    this.current = computed(() => lines.value.find(({ event_id }) => event_id === this.at.value));

    this.#stops.push(
      effect(() => this.#writeAddress()),
      effect(() => this.#readAddress()),
      effect(() => this.#play()),
    );
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const stop of this.#stops) stop();
  }

  #filtered(): readonly EventLine[] {
    const hidden = this.hidden.value;
    const type = this.type.value;
    const text = this.text.value.trim().toLowerCase();
    const onlyTelling = this.onlyTelling.value;
    if (hidden.size === 0 && type === "" && text === "" && !onlyTelling) return this.lines.value;
    return this.lines.value.filter(
      (line) =>
        !hidden.has(categoryOf(line)) &&
        (type === "" || line.type === type) &&
        (!onlyTelling || toneOf(line) !== undefined) &&
        (text === "" || this.#searchText(line).includes(text)),
    );
  }

  #searchText(line: EventLine): string {
    const known = this.#searchTexts.get(line.event_id);
    if (known !== undefined) return known;
    const text = searchTextOf(line);
    this.#searchTexts.set(line.event_id, text);
    return text;
  }

  #writeAddress(): void {
    const members = {
      at: this.at.value,
      hide: [...this.hidden.value].join(","),
      type: this.type.value,
      q: this.text.value,
      only: this.onlyTelling.value ? "telling" : "",
      group: this.grouping.value === "run" ? "run" : "",
    };
    // While it plays the address would change many times a second, which browsers refuse.
    if (!this.isPlaying.value) setQuery(members);
  }

  /** Links to a moment of the session that is open, and the browser's way back. */
  #readAddress(): void {
    const named = place.value.query.get("at") ?? undefined;
    if (named !== this.at.peek() && !this.isPlaying.peek()) this.at.value = named;
  }

  #play(): void {
    clearTimeout(this.#timer);
    if (!this.isPlaying.value) {
      this.#since = undefined;
      return;
    }
    const index = this.index.value;
    if (index + 1 >= this.shown.value.length) {
      this.isPlaying.value = false;
      return;
    }
    this.#since ??= performance.now();
    const due = this.#since + this.#stayAt(index);
    this.#timer = setTimeout(() => this.#playOn(), Math.max(FRAME_MS, due - performance.now()));
  }

  /** How long it stays at one of the shown events; at none of them, not at all. */
  #stayAt(index: number): number {
    const [now, next] = [this.shown.value[index], this.shown.value[index + 1]];
    return now === undefined || next === undefined
      ? 0
      : stayMs(now.replay_us, next.replay_us, this.speed.value);
  }

  /** To the next event, and past those whose time is over as well: more than one may fall into a frame. */
  #playOn(): void {
    const shown = this.shown.peek();
    const now = performance.now();
    let index = this.index.peek();
    let since = Math.max(this.#since ?? now, now - LATEST_MS);
    do {
      since += this.#stayAt(index);
      index++;
    } while (index + 1 < shown.length && since + this.#stayAt(index) <= now);
    this.#since = since;
    this.at.value = shown[index]?.event_id;
  }

  /** Plays from where it stands, from the beginning when that is the end or nowhere; or holds. */
  toggle(): void {
    batch(() => {
      this.isFollowing.value = false;
      if (!this.isPlaying.value && this.index.value >= this.shown.value.length - 1) this.at.value = undefined;
      this.isPlaying.value = !this.isPlaying.value && this.shown.value.length > 0;
    });
  }

  goTo(id: string | undefined): void {
    batch(() => {
      this.isPlaying.value = false;
      this.isFollowing.value = false;
      this.at.value = id;
    });
  }

  goToIndex(index: number): void {
    const last = this.shown.value.length - 1;
    this.goTo(this.shown.value[Math.max(0, Math.min(last, index))]?.event_id);
  }

  step(by: 1 | -1): void {
    const index = this.index.value;
    this.goToIndex(index === -1 ? (by === 1 ? 0 : this.shown.value.length - 1) : index + by);
  }

  /** The shown event nearest to a time, in the lane where one is given. */
  goToTime(us: number, laneId?: string): void {
    const candidates = this.shown.value.filter(
      (line) => laneId === undefined || (line.run_id ?? "") === laneId,
    );
    let nearest: EventLine | undefined;
    for (const line of candidates) {
      if (nearest === undefined || Math.abs(line.replay_us - us) < Math.abs(nearest.replay_us - us))
        nearest = line;
    }
    if (nearest !== undefined) this.goTo(nearest.event_id);
  }

  toggleCategory(category: Category): void {
    const hidden = new Set(this.hidden.value);
    if (!hidden.delete(category)) hidden.add(category);
    this.hidden.value = hidden;
  }
}
