/** home-assistant-js-websocket: the client of Home Assistant's WebSocket API. */

import {
  callService,
  createConnection,
  createLongLivedTokenAuth,
  ERR_INVALID_AUTH,
  getStates,
  subscribeEntities,
  type Connection,
  type HassEntities,
  type HassEvent,
} from "home-assistant-js-websocket";
import { assertEqual, type Tests } from "../support/assertions.js";
import { EventLog } from "../support/eventlog.js";

/** What is told of one lamp. */
class Lamp extends EventLog {
  update(entities: HassEntities): void {
    this.record(entities["light.kitchen"]?.state ?? "none");
  }

  override record(event: string): void {
    super.record(event);
  }
}

function connect(url: string, token = "right"): Promise<Connection> {
  return createConnection({ auth: createLongLivedTokenAuth(url, token), setupRetry: 0 });
}

export function homeAssistantTests(url: string): Tests {
  return {
    "home-assistant-js-websocket: states, a service, and the event that comes of it": async () => {
      const connection = await connect(url);
      assertEqual(connection.haVersion, "2026.11.0", "version");
      assertEqual((await getStates(connection))[0]?.entity_id, "light.kitchen", "states");
      const log = new Lamp();
      const unsubscribe = await connection.subscribeEvents<HassEvent>((event) => {
        log.record(`${event.event_type} ${JSON.stringify(event.data["service"])}`);
      }, "call_service");
      await callService(connection, "light", "turn_off", { brightness: 255 }, { entity_id: "light.kitchen" });
      await log.until('call_service "turn_off"');
      await unsubscribe();
      await connection.ping();
      connection.close();
    },
    "home-assistant-js-websocket: entities, and again when the connection was lost": async () => {
      const connection = await connect(url);
      const lamp = new Lamp();
      connection.addEventListener("ready", () => lamp.record("ready"));
      connection.addEventListener("disconnected", () => lamp.record("disconnected"));
      subscribeEntities(connection, (entities) => lamp.update(entities));
      await callService(connection, "light", "turn_on", {}, { entity_id: "light.kitchen" });
      await lamp.until("on");
      await callService(connection, "test", "lose").catch(() => undefined);
      await lamp.until("ready");
      await callService(connection, "light", "turn_off", {}, { entity_id: "light.kitchen" });
      await lamp.until("off");
      assertEqual(lamp.events.includes("disconnected"), true, lamp.events.join());
      connection.close();
    },
    "home-assistant-js-websocket: a token that is wrong": async () => {
      let reason: unknown;
      try {
        await connect(url, "wrong");
      } catch (error) {
        reason = error;
      }
      assertEqual(reason, ERR_INVALID_AUTH, "error");
    },
  };
}
