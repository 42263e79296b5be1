/** An app with the SDK's WebSockets: tests/compare/compare.test.ts says which of them is to do what. */

import { run } from "xs-websockets/tests/compare/scenario";
import { sdkClass } from "xs-websockets/tests/compare/xs/sdk/sdkclass";
import { sdkClient } from "xs-websockets/tests/compare/xs/sdk/sdkclient";
import { sdkWebSocket } from "xs-websockets/tests/compare/xs/sdk/sdkwebsocket";
import { serveControl } from "xs-websockets/tests/xs/control";

// An exception that nobody catches would stop the app in silence.
globalThis.abort = (reason, error) => {
  trace(`uncaught (${reason}): ${String(error)}\n`);
  return false;
};

const programs = { sdkWebSocket, sdkClient, sdkClass };
const commands = {
  run: ({ program, target, sending, patienceMs }) => run(programs[program], target, sending, patienceMs),
};

serveControl(commands).then((port) => trace(`ports ${port}\n`));
