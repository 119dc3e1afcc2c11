/** Makes a client as an application does, from the config file of its working directory. */
import { Apie, type ApieOptions } from "../../../src/index.ts";
import { inputOfChild } from "./child.ts";

const apie = await Apie.create(inputOfChild<{ options: ApieOptions }>().options);
await apie.ready();
const { agent, baseUrl, captureContent } = apie.spanProcessor.config;
console.log(JSON.stringify({ agent, baseUrl, captureContent, isOfThisCopy: apie instanceof Apie }));
await apie.shutdown();
