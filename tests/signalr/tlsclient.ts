/** The official client, in a process that trusts NODE_EXTRA_CA_CERTS. Writes what it found as JSON. Run by tls.test.ts. */

import { officialClient } from "./officialsuite.js";

async function call(url: string, skips: boolean): Promise<unknown> {
  const client = officialClient(url, skips).build();
  try {
    await client.start();
  } catch {
    return "refused";
  }
  const results = [await client.invoke("Add", 1, 2), client.connectionId === (await client.invoke("MyId"))];
  await client.stop();
  return results;
}

async function main(): Promise<void> {
  const url = process.argv[2] ?? "";
  process.stdout.write(JSON.stringify({ negotiated: await call(url, false), skipped: await call(url, true) }));
}

void main();
