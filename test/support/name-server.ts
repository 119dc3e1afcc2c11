/** A name server that is ours: what a machine's own says of a name that is not there, and how soon, is the machine's affair. */
import dns from "node:dns";
import { isIP } from "node:net";
import { vi } from "vitest";
import { cleanup } from "./client.ts";

type Found = (error: Error | null, addresses?: { address: string; family: number }[]) => void;

/** Every lookup of a name, `localhost` too, fails until {@link knowsAll} is called. Undone at the end of the test. */
export function stopNameServer(): { knowsAll(): void } {
  let isThere = false;
  const lookup = vi.spyOn(dns, "lookup").mockImplementation(((host: string, _options: object, found: Found) =>
    setImmediate(() => {
      const family = isIP(host);
      if (family !== 0) found(null, [{ address: host, family }]);
      else if (isThere) found(null, [{ address: "127.0.0.1", family: 4 }]);
      else
        found(
          Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
            code: "ENOTFOUND",
            errno: -3008,
            syscall: "getaddrinfo",
            hostname: host,
          }),
        );
    })) as never);
  cleanup(async () => lookup.mockRestore());
  return {
    knowsAll: () => {
      isThere = true;
    },
  };
}
