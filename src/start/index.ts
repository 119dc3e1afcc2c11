export { stopOnExit } from "./exit.ts";
export type { StartOptions } from "./options.ts";
export { clientOf, optionsOf, type Started, startApie, startWith } from "./start-apie.ts";
