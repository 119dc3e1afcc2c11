/** Signs drawn as pictures: not every machine has the characters. */

const SHAPES = {
  first: "M4 3v10M13 3L6 8l7 5z",
  back: "M11 3L4 8l7 5z",
  play: "M4 2.5v11L13 8z",
  pause: "M5 3v10M11 3v10",
  on: "M5 3l7 5-7 5z",
  last: "M12 3v10M3 3l7 5-7 5z",
  close: "M4 4l8 8M12 4l-8 8",
  link: "M7 9a2.6 2.6 0 0 0 3.8.2l2-2a2.6 2.6 0 0 0-3.7-3.7l-1 1M9 7a2.6 2.6 0 0 0-3.8-.2l-2 2a2.6 2.6 0 0 0 3.7 3.7l1-1",
} as const;

const OUTLINED: ReadonlySet<string> = new Set(["close", "link"]);

export const Icon = ({ name }: { name: keyof typeof SHAPES }) => (
  <svg
    class={`icon${OUTLINED.has(name) ? " is-outlined" : ""}`}
    viewBox="0 0 16 16"
    width="14"
    height="14"
    aria-hidden="true"
  >
    <path d={SHAPES[name]} />
  </svg>
);
