/** What the source is called in ids and attributes. */
export const SYSTEM = "ag.dev";
