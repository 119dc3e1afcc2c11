/** Keys that do something while no field is being written in. */
import { useEffect } from "preact/hooks";

export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>;

const isWriting = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.matches("input:not([type=range]):not([type=checkbox]), textarea, select");

/** Things that take the space bar and Enter themselves. */
const isPressable = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("button, a, summary, [role=button]") !== null;

/** @param keys by `KeyboardEvent.key` */
export function useKeys(keys: Keys): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
      const act = keys[event.key];
      if (act === undefined || (isWriting(event.target) && event.key !== "Escape")) return;
      if ((event.key === " " || event.key === "Enter") && isPressable(event.target)) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  });
}
