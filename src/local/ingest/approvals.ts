/**
 * Approvals: an evaluation makes one that is pending, or the event `agent.approval.requested` of an agent that asks elsewhere
 * does; a human decides here, or `agent.approval.resolved` tells how it went; clients ask and wait for it here.
 */
import type { Change } from "../changes.ts";
import { readObject, withWarnings } from "../http/body.ts";
import { pathParameter, readQuery, wholeNumber } from "../http/query.ts";
import { conflict, notFound } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";
import type { NewEvent } from "../store/events.ts";
import type { Approval } from "../store/guardrails.ts";
import type { Store } from "../store/index.ts";
import type { WireEvent } from "../wire/events.ts";
import { RESOLVE } from "../wire/policies.ts";

const MAX_WAIT_MS = 10 * 60_000;

const reasonOf = (event: WireEvent): string | null => {
  const reason = event.metadata?.reason;
  return typeof reason === "string" ? reason : null;
};

/** What an event just stored does to an approval. Inside the event's transaction. */
export function approvalChange(store: Store, stored: NewEvent, event: WireEvent, now: string): Change[] {
  const id = event.approval?.approval_id;
  if (!id) return [];
  const { guardrails } = store;
  let changed = false;
  if (event.type === "agent.approval.requested") {
    const request = { action: event.action ?? null, resource: event.resource ?? null };
    const { agent_id, run_id, session_id } = stored;
    changed = guardrails.requestApproval(
      { id, agent_id, run_id, session_id, reason: reasonOf(event), request },
      now,
    );
  } else if (event.type === "agent.approval.resolved") {
    const { status, resolved_by: by } = event.approval ?? {};
    // What a guardrail asked a human for, an agent does not allow itself by telling of it.
    const isAsked = typeof guardrails.approval(id)?.decision_id === "string";
    changed =
      !(isAsked && status === "approved") &&
      guardrails.resolveApproval(id, status ?? "resolved", by ?? null, now);
  }
  return changed ? [{ kind: "approval", id, run_id: stored.run_id, session_id: stored.session_id }] : [];
}

/** Nobody decided in time: whoever waits is told. */
export function expireApprovals(services: Services): void {
  const { store, changes } = services;
  const expired = store.guardrails.expireApprovals(services.timestamp());
  changes.publish(
    expired.map(({ id, run_id, session_id }) => ({ kind: "approval", id, run_id, session_id })),
  );
}

function approvalOfPath(c: AppContext, services: Services): Approval {
  const id = pathParameter(c, "approvalId");
  const approval = services.store.guardrails.approval(id);
  if (approval === undefined) throw notFound("approval", id);
  return approval;
}

/** Long poll: answers at once when it is resolved, else when that happens or the time is over. */
async function wait(c: AppContext, services: Services): Promise<Response> {
  const { timeout } = readQuery(c, { timeout: wholeNumber({ min: 0, max: MAX_WAIT_MS, fallback: 30_000 }) });
  const { id, status } = approvalOfPath(c, services);
  if (status !== "pending") return c.json({ status });
  const signal = AbortSignal.any([services.closing, c.req.raw.signal]);
  const outcome = await services.changes.waitFor(
    () => {
      const now = services.store.guardrails.approval(id)?.status;
      return now === "pending" ? undefined : now;
    },
    signal,
    timeout,
  );
  return c.json({ status: outcome ?? "timeout" });
}

/** A human's decision, as the page and scripts give it: whoever waits goes on. */
async function resolve(c: AppContext, services: Services): Promise<Response> {
  const { body, warnings } = await readObject(c, services, RESOLVE);
  // Its time may be over before anybody has looked.
  expireApprovals(services);
  const { id, run_id, session_id } = approvalOfPath(c, services);
  const { guardrails } = services.store;
  const by = body.resolved_by ?? null;
  const isResolved = services.store.transaction(() =>
    guardrails.resolveApproval(id, body.status, by, services.timestamp()),
  );
  const approval = approvalOfPath(c, services);
  if (!isResolved) throw conflict(`The approval ${id} is ${approval.status} already`);
  services.changes.publish([{ kind: "approval", id, run_id, session_id }]);
  return c.json(withWarnings({ approval }, warnings));
}

export const approvalRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/api/approvals/:approvalId/resolve",
    summary: "Approve, reject or cancel what waits for a human",
    handle: resolve,
  },
  {
    method: "GET",
    path: "/v1/approvals/:approvalId",
    summary: "An approval and its status",
    handle: (c, services) => c.json({ approval: approvalOfPath(c, services) }),
  },
  {
    method: "GET",
    path: "/v1/approvals/:approvalId/wait",
    summary: "Wait until an approval is resolved",
    query: { timeout: "milliseconds to wait, at most 600000; default 30000. The status is then timeout" },
    handle: wait,
  },
];
