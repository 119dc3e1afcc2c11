/** Times, durations and ids as the page writes them. */

export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "";
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.round((ms % 60_000) / 1_000)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/** From the begin of something, in the unit that fits. */
export const offset = (us: number): string =>
  `+${us < 60_000_000 ? `${(us / 1e6).toFixed(3)} s` : duration(us / 1_000)}`;

const TIME = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

const dayOf = (date: Date): string =>
  date.toDateString() === new Date().toDateString() ? "" : `${DAY.format(date)} `;

/** Of today the time alone. */
export function clock(at: string | number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : `${dayOf(date)}${TIME.format(date)}`;
}

export const clockOfUs = (us: number): string =>
  `${clock(us / 1_000)}.${String(Math.floor(us / 1_000) % 1_000).padStart(3, "0")}`;

/** The part of an id that tells it from others at a glance. */
export const shortId = (id: string): string => {
  const [, prefix = "", rest = id] = /^([a-z]+_)?(.*)$/.exec(id) ?? [];
  return rest.length > 10 ? `${prefix}${rest.slice(0, 8)}…` : id;
};
