// The processor of one build and the API of the other: both find the same run.
import { createRequire } from "node:module";
import { play } from "./play.mjs";
import { sharedState } from "./shared-state.mjs";

const require = createRequire(import.meta.url);
await play((name) => import(name), { sharedState: sharedState(require("apie-otel")) });
