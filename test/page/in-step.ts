/** What the page takes the server to answer is what the server answers: the compiler is the test. */
import type { boundaryOf } from "../../src/local/boundary.ts";
import type * as page from "../../src/local/page/data/records.ts";
import type { presentAgent } from "../../src/local/store/agents.ts";
import type { Approval, Decision } from "../../src/local/store/guardrails.ts";
import type { Handoff } from "../../src/local/store/handoffs.ts";
import type { StoredPolicy } from "../../src/local/store/policies.ts";
import type { presentRun } from "../../src/local/store/runs.ts";
import type { presentSession } from "../../src/local/store/sessions.ts";
import type { StoredSpan } from "../../src/local/store/spans.ts";

/** Compiles when the server's type is one that the page can take. */
type Takes<Page, Server extends Page> = [Page, Server];
export type InStep = [
  Takes<page.Session, ReturnType<typeof presentSession>>,
  Takes<page.Run, ReturnType<typeof presentRun>>,
  Takes<page.Handoff, Handoff>,
  Takes<page.Span, StoredSpan>,
  Takes<page.Agent, ReturnType<typeof presentAgent>>,
  Takes<page.Boundary, ReturnType<typeof boundaryOf>>,
  Takes<page.StoredPolicy, StoredPolicy>,
  Takes<page.Decision, Decision>,
  Takes<page.Approval, Approval>,
];
