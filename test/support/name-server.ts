/** A name server that is ours: what a machine's own says of a name that is not there, and how soon, is the machine's affair. */
import dns from "node:dns";
import { isIP } from "node:net";
import { vi } from "vitest";
import { cleanup } from "./client.ts";

type Found = (error: Error | null, addresses?: { address: string; family: number }[]) => void;
type Lookup = (host: string, options: object, found: Found) => void;

/** Every lookup of a name, `localhost` too, fails until {@link knowsAll} is called. Undone at the end of the test. */
export function stopNameServer(): { knowsAll(): void } {
  let isThere = false;
  const real = dns.lookup as Lookup;
  const fake: Lookup = (host, options, found) => {
    // An address needs no name server; servers look theirs up in another form of the call.
    if (isIP(host) !== 0) real(host, options, found);
    else if (isThere) setImmediate(() => found(null, [{ address: "127.0.0.1", family: 4 }]));
    else setImmediate(() => found(notFound(host)));
  };
  const lookup = vi.spyOn(dns, "lookup").mockImplementation(fake as never);
  cleanup(async () => lookup.mockRestore());
  return {
    knowsAll: () => {
      isThere = true;
    },
  };
}

const notFound = (hostname: string): Error =>
  Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), {
    code: "ENOTFOUND",
    errno: -3008,
    syscall: "getaddrinfo",
    hostname,
  });
