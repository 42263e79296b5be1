/** npm run voice-server [port=8080] [key=…]: the service that `npm run voice-client` talks to by default. Node.js only. */

import { exitWith, log, onExit, readSettings } from "#environment";
import { VoiceServer } from "./voiceserver.js";

const { port, key } = readSettings({ port: 8080, key: "" });
const { server } = new VoiceServer(port, key);

onExit(() => server.stop());
server
  .start()
  .then(() => log(`ws://localhost:${server.port}${server.prefix}`))
  .catch(exitWith);
