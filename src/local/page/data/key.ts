/** The server's key: asked for when the server wants one, and kept for this tab only. */
import { signal } from "@preact/signals";

const NAME = "apie-otel.key";

export const key = signal(sessionStorage.getItem(NAME) ?? undefined);

/** Whether the server refused what was sent without a key, or with that one. */
export const isKeyWanted = signal(false);

export function setKey(text: string): void {
  sessionStorage.setItem(NAME, text);
  key.value = text;
  isKeyWanted.value = false;
}

export const keyHeaders = (): Record<string, string> =>
  key.value === undefined ? {} : { authorization: `Bearer ${key.value}` };
