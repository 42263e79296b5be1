/**
 * A small home, by Home Assistant's WebSocket API as its developers document it: the phase of authentication, then commands
 * with ids that are answered with results and events. A whole Home Assistant is too large for a test.
 */

import type { WebSocket } from "ws";

interface Command {
  readonly id: number;
  readonly type: string;
  readonly access_token?: string;
  readonly domain?: string;
  readonly service?: string;
  readonly service_data?: object;
  readonly event_type?: string;
  readonly subscription?: number;
}

const VERSION = "2026.11.0";
const LAMP = "light.kitchen";

/** One client of the home. */
class Session {
  private readonly socket: WebSocket;
  private isKnown = false;
  /** By the id of the command that subscribed: the type of its events. */
  private readonly subscriptions = new Map<number, string>();
  private readonly lamp = { s: "off", a: { friendly_name: "Kitchen" }, c: "context", lc: 1_700_000_000 };

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => this.received(JSON.parse(data.toString()) as Command));
    this.send({ type: "auth_required", ha_version: VERSION });
  }

  private received(command: Command): void {
    if (this.isKnown) return this.obey(command);
    this.isKnown = command.type === "auth" && command.access_token === "right";
    if (this.isKnown) return this.send({ type: "auth_ok", ha_version: VERSION });
    this.send({ type: "auth_invalid", message: "Invalid access token or password" });
    this.socket.close();
  }

  private obey(command: Command): void {
    const { id, type } = command;
    switch (type) {
      case "ping":
        return this.send({ id, type: "pong" });
      case "supported_features":
        return this.result(id, null);
      case "get_states":
        return this.result(id, [{ entity_id: LAMP, state: this.lamp.s, attributes: this.lamp.a }]);
      case "subscribe_events":
        this.subscriptions.set(id, command.event_type ?? "*");
        return this.result(id, null);
      case "subscribe_entities":
        this.subscriptions.set(id, type);
        this.result(id, null);
        return this.event(id, { a: { [LAMP]: this.lamp } });
      case "unsubscribe_events":
        this.subscriptions.delete(command.subscription ?? 0);
        return this.result(id, null);
      case "call_service":
        return this.call(command);
      default:
        this.send({ id, type: "result", success: false, error: { code: "unknown_command", message: type } });
    }
  }

  private call({ id, domain = "", service = "", service_data = {} }: Command): void {
    if (service === "lose") return this.socket.terminate();
    this.lamp.s = service === "turn_on" ? "on" : "off";
    for (const [subscription, type] of this.subscriptions) {
      if (type === "subscribe_entities") this.event(subscription, { c: { [LAMP]: { "+": { s: this.lamp.s } } } });
      if (type !== "call_service") continue;
      this.event(subscription, { event_type: type, data: { domain, service, service_data }, origin: "LOCAL" });
    }
    this.result(id, { context: { id: "1" } });
  }

  private result(id: number, result: unknown): void {
    this.send({ id, type: "result", success: true, result });
  }

  private event(id: number, event: object): void {
    this.send({ id, type: "event", event });
  }

  private send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }
}

/** Serves one client. */
export function serveHomeAssistant(socket: WebSocket): void {
  new Session(socket);
}
