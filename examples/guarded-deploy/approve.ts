/** The human, in a process of their own: sees what waits, and lets it pass. The page of the local Apie has a button for it. */
interface Approval {
  id: string;
  reason: string | null;
  request: { action: { name: string }; resource: { external_id: string } };
}

const { APIE_BASE_URL, APIE_API_KEY } = process.env;
const api = `${APIE_BASE_URL}/api/approvals`;
const authorization = `Bearer ${APIE_API_KEY}`;
const deadline = Date.now() + 30_000;

while (Date.now() < deadline) {
  const { items } = (await (await fetch(`${api}?status=pending`, { headers: { authorization } })).json()) as {
    items: Approval[];
  };
  for (const { id, reason, request } of items) {
    console.log(`${request.action.name} ${request.resource.external_id} waits: ${reason}`);
    await fetch(`${api}/${id}/resolve`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify({ status: "approved", resolved_by: "ann" }),
    });
    console.log("approved");
  }
  if (items.length > 0) break;
  await new Promise((resolve) => setTimeout(resolve, 100));
}
