/** ag.dev as its API answers (docs.ag.dev, v0.1): runs, pages of their events in each form there is, revisions, agents. */
import type { Json } from "../support.ts";
import { ForeignServer, type Reply, type Request } from "./server.ts";

const missing: Reply = { status: 404, body: { error: "Not Found", message: "Not found", statusCode: 404 } };

export type Paging = "data" | "items" | "array";

export class AgDevServer extends ForeignServer {
  /** Key that is demanded. */
  key: string | undefined;
  paging: Paging = "data";
  run: Json = {};
  events: Json[] = [];
  revision: Json | undefined;
  agent: Json | undefined;

  protected override answer({ path, query, headers }: Request): Reply {
    if (this.key !== undefined && headers["x-api-key"] !== this.key)
      return { status: 401, body: { error: "Unauthorized", message: "Invalid API key", statusCode: 401 } };
    const agent = `/agents/${String(this.run.agentId)}`;
    const run = `${agent}/runs/${String(this.run.id)}`;
    if (path === run) return { body: this.run };
    if (path === `${run}/events`) return this.#page(query);
    if (path === agent && this.agent !== undefined) return { body: this.agent };
    if (path === `${agent}/revisions/${String(this.revision?.id)}`) return { body: this.revision };
    return missing;
  }

  #page(query: URLSearchParams): Reply {
    const limit = Number(query.get("limit") ?? query.get("pageSize") ?? 20);
    if (limit < 1 || limit > 100)
      return { status: 400, body: { message: "limit must be between 1 and 100" } };
    const total = this.events.length;
    if (this.paging === "items") {
      const page = Number(query.get("page") ?? 1);
      const items = this.events.slice((page - 1) * limit, page * limit);
      return { body: { items, total, page, pageSize: limit } };
    }
    const offset = Number(query.get("offset") ?? 0);
    const data = this.events.slice(offset, offset + limit);
    return { body: this.paging === "array" ? data : { data, pagination: { limit, offset, total } } };
  }
}
