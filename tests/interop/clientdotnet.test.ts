/** Our client with the WebSocket server of ASP.NET Core (Kestrel). */

import { ClientWebSocket } from "xs-websockets/client";
import { buildDotnet, runDotnet, type DotnetProgram } from "../support/dotnet.js";
import { describeIf } from "../support/describeif.js";
import { testServer } from "./clientsuite.js";

const build = buildDotnet("WebSocketEcho");

describeIf(build.isBuilt, `the .NET 10 SDK (dotnet): ${build.output}`, "Kestrel as server", () => {
  let program: DotnetProgram;
  let url = "";

  beforeAll(async () => {
    program = runDotnet("WebSocketEcho");
    const line = await program.waitForLine(/^listening on /);
    url = line.replace("listening on http:", "ws:");
  });
  afterAll(() => program.stop());

  // It sends Pings of its own accord, and ends a connection where they are not answered within a second.
  testServer(() => `${url}/echo`, { pings: false });

  test("a path without a WebSocket is answered with 404", async () => {
    await expect(new ClientWebSocket().connect(`${url}/nothing`)).rejects.toMatchObject({ statusCode: 404 });
  });
});
