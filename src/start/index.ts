export { stopOnExit } from "./exit.ts";
export { optionsOf, type Started, type StartOptions, startApie, startWith } from "./start-apie.ts";
