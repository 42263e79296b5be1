/**
 * Devices at two servers of NATS, by MQTT over MqttSocket: docs/fleet.md tells what is seen here. The third server of the
 * cluster has no devices: it is there so that two are left to decide when one has ended.
 */

import { describeIf } from "../support/describeif.js";
import { natsServer, startNats, type Broker } from "../mqtt/brokers.js";
import { Device } from "./device.js";
import { eventually, letTimePass } from "../support/waiting.js";

describeIf(natsServer !== undefined, "nats-server", "a fleet at two servers of NATS", () => {
  let servers: Broker[] = [];
  const devices: Device[] = [];

  beforeAll(async () => {
    servers = await startNats(3);
    // A server lets nobody in until the three have agreed on who leads.
    for (const at of [0, 1]) {
      const probe = new Device(`probe-${at}`, { ports: [portOf(at)] });
      await eventually(() => probe.at !== 0, `server ${at} lets in`);
      await probe.stop();
    }
  });
  afterEach(async () => {
    await Promise.all(devices.splice(0).map((device) => device.stop()));
  });
  afterAll(() => Promise.all(servers.map((server) => server.kill())));

  const portOf = (at: number): number => servers[at]?.port ?? 0;

  /** A device that prefers one of the two servers, and is there. */
  async function startDevice(id: string, at: number, isClean = true): Promise<Device> {
    const device = new Device(id, { ports: [portOf(at), portOf(1 - at)], isClean });
    devices.push(device);
    await eventually(() => device.at === portOf(at), `${id} is at server ${at}`);
    return device;
  }

  function numbersOf(device: Device): number[] {
    return device.messages.map((message) => Number(message.split(" ")[1]));
  }

  /** A server agrees to a subscription before the others know of it: publishes probes until all hear them. */
  async function hears(teller: Device, topic: string, ...listeners: readonly Device[]): Promise<void> {
    await eventually(async () => {
      await teller.publish(topic, "probe", 1);
      return listeners.every(({ messages }) => messages.length > 0);
    }, `all hear of ${topic}`);
    // Behind the probes that are still on their way.
    await teller.publish(topic, "the last probe", 1);
    await eventually(() => listeners.every(({ messages }) => messages.some((text) => text.endsWith("the last probe"))));
    for (const { messages } of listeners) messages.length = 0;
  }

  const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

  test("what a device publishes reaches those at the other server, in order, and all of it", async () => {
    const [one, other] = [await startDevice("one", 0), await startDevice("other", 1)];
    await one.subscribe("to/one");
    await other.subscribe("to/other");
    await hears(one, "to/other", other);
    await hears(other, "to/one", one);
    for (let number = 0; number < 200; number++) {
      await one.publish("to/other", String(number), number < 100 ? 0 : 1);
      await other.publish("to/one", String(number), 1);
    }
    await eventually(() => one.messages.length >= 200 && other.messages.length >= 200, "all messages");
    expect(numbersOf(one)).toEqual(upTo(200));
    expect(numbersOf(other)).toEqual(upTo(200));
  });

  test("when a server ends, its devices come back at the other one: with a session nothing is lost, without one what came meanwhile", async () => {
    const kept = await startDevice("kept", 0, false);
    const clean = await startDevice("clean", 0);
    const teller = await startDevice("teller", 1);
    const moved = await startDevice("moved", 0);
    const listener = await startDevice("listener", 1);
    await listener.subscribe("work");
    await kept.subscribe("news");
    await clean.subscribe("news");
    await hears(teller, "news", kept, clean);
    await hears(moved, "work", listener);
    let sent = 0;
    const tell = async (): Promise<void> => teller.publish("news", String(sent++), 1);
    while (sent < 50) await tell();
    await eventually(
      () => kept.messages.length >= 50 && clean.messages.length >= 50,
      () => `the first messages, of which have come ${numbersOf(kept).join()}; ${numbersOf(clean).join()}`,
    );

    let worked = 0;
    const working = (async () => {
      for (; worked < 300; worked++) await moved.publish("work", String(worked), 1);
    })();
    await eventually(() => worked >= 50, "50 pieces of work");
    await servers[0]?.kill();
    const missed: number[] = [];
    while (kept.at === 0 || clean.agreements < 2 || sent < 100) {
      await tell();
      if (clean.at === 0) missed.push(sent - 1);
      await letTimePass(5);
    }
    expect([kept.at, clean.at]).toEqual([portOf(1), portOf(1)]);
    const last = sent + 50;
    while (sent < last) await tell();
    await eventually(
      () => numbersOf(kept).includes(last - 1) && numbersOf(clean).includes(last - 1),
      "the last message",
    );
    const distinct = [...new Set(numbersOf(kept))].sort((a, b) => a - b);
    expect(distinct).toEqual(upTo(last));
    const ofClean = numbersOf(clean);
    expect(new Set(ofClean).size).toBe(ofClean.length);
    expect(ofClean.filter((number) => missed.includes(number))).toEqual([]);
    expect(ofClean.slice(-50)).toEqual(upTo(last).slice(-50));
    await working;
    await eventually(() => new Set(numbersOf(listener)).size === 300, "all work");
    // What was published and not acknowledged when the server ended was published again.
    expect(numbersOf(listener).length - 300).toBeLessThanOrEqual(1);
  });
});
