/** A program that wants to know whether its agent is registered, and has nothing else to do. Argument: address of Apie. */
import { Apie } from "../../../src/index.ts";

const apie = new Apie({
  apiKey: "key",
  baseUrl: process.argv[2],
  agent: { key: "support", name: "Support" },
  flushTimeoutMs: 300,
  onError: "silent",
});
const code = (error: { code: string }): string => error.code;
console.log(await apie.ready().then(() => "registered", code));
console.log(await apie.ready().then(() => "registered", code));
