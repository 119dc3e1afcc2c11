/** A processor after which nobody can write to an ended span's parts any more, as some leave them. */

interface Ended {
  attributes: unknown;
  events: unknown;
  links: unknown;
  status: unknown;
  resource: { attributes: unknown };
}

export const freezing = {
  onStart: (): void => undefined,
  onEnd({ attributes, events, links, status, resource }: Ended): void {
    for (const part of [attributes, events, links, status, resource.attributes]) deepFreeze(part);
  },
  forceFlush: async (): Promise<void> => undefined,
  shutdown: async (): Promise<void> => undefined,
};

function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
}
