import { play } from "./play.mjs";

await play((name) => import(name));
