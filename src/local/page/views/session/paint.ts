/** Paints the marks of events. Many that fall on the same spot are one mark; what must not be overlooked is painted last. */
import type { EventLine } from "../../data/event-line.ts";
import { type Category, categoryOf, type Tone, toneOf } from "../../replay/kinds.ts";
import type { Lane } from "../../replay/lanes.ts";
import type { TimeScale } from "../../replay/scale.ts";

export interface Picture {
  readonly lines: readonly EventLine[];
  readonly lanes: readonly Lane[];
  readonly scale: TimeScale;
  readonly width: number;
  readonly height: number;
  readonly lanePx: number;
}

/** Browsers refuse larger ones. */
const MAX_HEIGHT = 16_000;
const MARK_PX = 3;

export function paintEvents(canvas: HTMLCanvasElement, picture: Picture): void {
  const { lines, lanes, scale, width, lanePx } = picture;
  const height = Math.min(picture.height, MAX_HEIGHT);
  const ratio = height * devicePixelRatio > MAX_HEIGHT ? 1 : devicePixelRatio;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const colours = new Map<string, string>();
  const colour = (name: Category | `tone-${Tone}`): string => {
    const known = colours.get(name) ?? style.getPropertyValue(`--${name}`);
    colours.set(name, known);
    return known;
  };
  const laneOf = new Map(lanes.map((lane) => [lane.id, lane.index]));
  const taken = new Set<number>();
  const telling: EventLine[] = [];
  for (const line of lines) {
    if (toneOf(line) !== undefined) {
      telling.push(line);
      continue;
    }
    const lane = laneOf.get(line.run_id ?? "") ?? 0;
    const x = Math.round(scale.toX(line.replay_us) * (width - MARK_PX));
    const spot = lane * 100_000 + x;
    if (taken.has(spot)) continue;
    taken.add(spot);
    context.fillStyle = colour(categoryOf(line));
    context.fillRect(x, lane * lanePx + 7, MARK_PX, lanePx - 14);
  }
  for (const line of telling) {
    const lane = laneOf.get(line.run_id ?? "") ?? 0;
    const x = scale.toX(line.replay_us) * (width - MARK_PX);
    context.fillStyle = colour(`tone-${toneOf(line) ?? "warn"}`);
    context.fillRect(x, lane * lanePx + 3, MARK_PX + 1, lanePx - 6);
  }
}
