/** The timeline: a lane for each run, a mark for each event, arrows between runs, and the moment the replay stands at. */
import { effect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { duration, offset } from "../../parts/format.ts";
import { runAddress } from "../../parts/router.ts";
import type { Arrow } from "../../replay/handoffs.ts";
import type { Lane } from "../../replay/lanes.ts";
import type { TimeScale } from "../../replay/scale.ts";
import { paintEvents } from "./paint.ts";
import type { Player } from "./player.ts";

const LANE_PX = 26;
const TICKS = 5;

function useWidth(): [{ current: HTMLDivElement | null }, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = (): void => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

const middleOf = (lane: Lane): number => lane.index * LANE_PX + LANE_PX / 2;

/** Leaves the lane it comes from, and ends at the edge of the one it leads to. */
function pathOf({ from, to, fromUs, toUs }: Arrow, scale: TimeScale, width: number): string {
  const down = from.index < to.index ? 1 : -1;
  const [x1, y1] = [scale.toX(fromUs) * width, middleOf(from)];
  const [x2, y2] = [scale.toX(toUs) * width, middleOf(to) - down * (LANE_PX / 2 - 6)];
  const middle = (y1 + y2) / 2;
  return `M${x1.toFixed(1)} ${y1}C${x1.toFixed(1)} ${middle} ${x2.toFixed(1)} ${middle} ${x2.toFixed(1)} ${y2}`;
}

function Arrows({ player, width, height }: { player: Player; width: number; height: number }) {
  const scale = player.scale.value;
  return (
    <svg class="arrows" width={width} height={height} aria-label="Hand-offs between runs">
      <defs>
        <marker
          id="arrow-head"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          orient="auto"
        >
          <path d="M0 0L8 4L0 8z" />
        </marker>
      </defs>
      {player.arrows.value.map((arrow) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the list below has the same event as a button
        <g
          key={arrow.key}
          class={`arrow is-${arrow.kind} is-${arrow.status}`}
          onClick={() => arrow.eventId !== undefined && player.goTo(arrow.eventId)}
        >
          <title>{arrow.label}</title>
          <path class="reach" d={pathOf(arrow, scale, width)} />
          <path class="line" d={pathOf(arrow, scale, width)} marker-end="url(#arrow-head)" />
        </g>
      ))}
    </svg>
  );
}

function Bars({ player, width }: { player: Player; width: number }) {
  const scale = player.scale.value;
  return (
    <>
      {player.lanes.value.map((lane) => {
        const x = scale.toX(lane.startUs) * width;
        const end = scale.toX(lane.endUs ?? scale.endUs) * width;
        return (
          <div
            key={lane.id}
            class={`bar is-${lane.run?.status ?? "known"}`}
            style={{ top: `${lane.index * LANE_PX}px`, left: `${x}px`, width: `${Math.max(3, end - x)}px` }}
          />
        );
      })}
      {scale.gaps.map((gap) => (
        <div
          key={gap.fromUs}
          class="gap"
          title={`${duration((gap.toUs - gap.fromUs) / 1_000)} in which nothing happened`}
          style={{ left: `${gap.from * width}px`, width: `${(gap.to - gap.from) * width}px` }}
        />
      ))}
    </>
  );
}

/** All marks in one picture: ten thousand elements would be slow to move about. */
function Marks({ player, width, height }: { player: Player; width: number; height: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = player.shown.value;
  const scale = player.scale.value;
  const lanes = player.lanes.value;
  useEffect(() => {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const paint = (): void => {
      if (canvas.current !== null)
        paintEvents(canvas.current, { lines: shown, lanes, scale, width, height, lanePx: LANE_PX });
    };
    paint();
    scheme.addEventListener("change", paint);
    return () => scheme.removeEventListener("change", paint);
  }, [shown, scale, lanes, width, height]);
  return <canvas ref={canvas} class="marks" role="img" aria-label="Events of each run over time" />;
}

/** Moved without the rest being looked at again. */
function Playhead({ player, width }: { player: Player; width: number }) {
  const line = useRef<HTMLDivElement>(null);
  const veil = useRef<HTMLDivElement>(null);
  useEffect(
    () =>
      effect(() => {
        const current = player.current.value;
        const x = current === undefined ? width : player.scale.value.toX(current.replay_us) * width;
        if (line.current === null || veil.current === null) return;
        line.current.hidden = current === undefined;
        line.current.style.transform = `translateX(${x}px)`;
        veil.current.style.left = `${x}px`;
      }),
    [player, width],
  );
  return (
    <>
      <div ref={veil} class="veil" />
      <div ref={line} class="playhead" hidden />
    </>
  );
}

function Axis({ scale, width }: { scale: TimeScale; width: number }) {
  const many = Math.max(2, Math.min(TICKS + 1, Math.floor(width / 90)));
  return (
    <div class="axis" aria-hidden="true">
      {Array.from({ length: many }, (_, index) => index / (many - 1)).map((x) => (
        <span key={x} style={{ left: `${x * width}px` }} class={x === 0 ? "first" : x === 1 ? "last" : ""}>
          {offset(scale.toTime(x) - scale.startUs)}
        </span>
      ))}
    </div>
  );
}

export function Chart({ player }: { player: Player }) {
  const [box, width] = useWidth();
  const lanes = player.lanes.value;
  const height = lanes.length * LANE_PX;
  const goThere = (event: PointerEvent): void => {
    const area = box.current;
    if (area === null || event.buttons === 0) return;
    const { left, top } = area.getBoundingClientRect();
    const us = player.scale.value.toTime((event.clientX - left) / Math.max(1, width));
    const lane = lanes[Math.floor((event.clientY - top) / LANE_PX)];
    // Pressed on a lane, its nearest event; dragged on, the nearest of all.
    player.goToTime(us, event.type === "pointerdown" ? lane?.id : undefined);
  };
  return (
    <section class="chart" aria-label="Timeline of the runs">
      <div class="chart-scroll">
        <div class="lane-names" style={{ height: `${height}px` }}>
          {lanes.map((lane) => (
            <div
              key={lane.id}
              class="lane-name"
              style={{ height: `${LANE_PX}px`, paddingLeft: `${8 + lane.depth * 12}px` }}
            >
              {lane.id === "" ? (
                <span class="dim">{lane.name}</span>
              ) : (
                <a href={runAddress(lane.id)} title={lane.run?.input_summary ?? lane.id}>
                  {lane.name}
                  {lane.run?.step_name == null ? null : <span class="dim"> · {lane.run.step_name}</span>}
                </a>
              )}
            </div>
          ))}
        </div>
        <div
          ref={box}
          class="lanes"
          style={{ height: `${height}px` }}
          onPointerDown={goThere}
          onPointerMove={goThere}
        >
          <Bars player={player} width={width} />
          <Marks player={player} width={width} height={height} />
          <Playhead player={player} width={width} />
          <Arrows player={player} width={width} height={height} />
        </div>
      </div>
      <Axis scale={player.scale.value} width={width} />
    </section>
  );
}
