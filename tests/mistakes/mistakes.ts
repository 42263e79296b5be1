/** Wrong uses of the public API. tests/mistakes/mistakes.test.ts has what each is told. */

import { Backoff } from "xs-websockets/backoff";
import { ClientWebSocket, ClientWebSocketHeaders, SslVerification } from "xs-websockets/client";
import { HttpListener } from "xs-websockets/http";
import { messages } from "xs-websockets/messages";
import { MqttSocket } from "xs-websockets/mqtt";
import { addWebSocket, createWebSocketStream } from "xs-websockets/node";
import { tlsIdentity } from "xs-websockets/pem";
import { ReconnectingWebSocket } from "xs-websockets/reconnecting";
import { WebSocketServer } from "xs-websockets/server";
import { HubConnection } from "xs-websockets/signalr/client";
import { HubServer } from "xs-websockets/signalr/server";

const client = new ClientWebSocket();
const server = new WebSocketServer({ isStandAlone: false });
const listener = new HttpListener({ port: 0 });
const socket = new ReconnectingWebSocket();
/** Those two are connected while the mistakes are made. */
const peer = new WebSocketServer({ port: 0 });
const connected = new ClientWebSocket();
const hub = new HubConnection("http://127.0.0.1/hub");

/** What people write who have not read the types; JavaScript has none. */
function js(value: unknown): never {
  return value as never;
}

/** Each is a program of one line that cannot be meant. */
const MISTAKES: readonly (() => unknown)[] = [
  // Options
  () => new WebSocketServer(js(8080)),
  () => new WebSocketServer(js({ port: "8080" })),
  () => new WebSocketServer({ port: 80_800 }),
  () => new WebSocketServer(js({ prot: 8080 })),
  () => new WebSocketServer(js({ onMessage: () => undefined })),
  () => new WebSocketServer(js({ compression: true })),
  () => new WebSocketServer(js({ onMessageReceived: "echo" })),
  () => new WebSocketServer({ prefix: "chat" }),
  () => new WebSocketServer({ prefix: "/größe" }),
  () => new WebSocketServer({ maxClients: 0 }),
  () => new WebSocketServer({ maxMessageBytes: 0 }),
  () => new WebSocketServer({ maxQueueBytes: 100 }),
  () => new WebSocketServer({ keepAliveInterval: 0.5 }),
  () => new WebSocketServer(js({ keepAliveInterval: -1 })),
  () => new WebSocketServer(js({ whenFull: "wait" })),
  () => new WebSocketServer({ subprotocols: ["my chat"] }),
  () => new WebSocketServer(js({ subprotocols: "chat" })),
  () => new WebSocketServer(js({ allowedOrigins: [8080] })),
  () => new WebSocketServer({ allowedOrigins: ["lamp.example.org"] }),
  () => new WebSocketServer({ allowedHosts: ["lamp.example.org:8080"] }),
  () => new WebSocketServer({ serverName: "two\r\nlines" }),
  () => new WebSocketServer({ keptHeaders: ["no header"] }),
  () => new WebSocketServer({ isStandAlone: false, port: 8080 }),
  () => new WebSocketServer({ identity: [] }),
  () => new WebSocketServer(js({ identity: "server.pem" })),
  () => new WebSocketServer(js({ identity: { cert: "server.pem", key: "server.key" } })),
  () => new WebSocketServer({ clientCertificateRequired: true }),
  () => new ClientWebSocket(js("ws://192.168.1.20/")),
  () => new ClientWebSocket(js({ connectTimeout: "10s" })),
  () => new ClientWebSocket({ connectTimeout: 0 }),
  () => new ClientWebSocket({ subprotocols: ["a", "a"] }),
  () => new ClientWebSocket(js({ sslVerification: 2 })),
  () => new ClientWebSocket({ certificate: "not a certificate" }),
  () => new ClientWebSocket({ certificate: "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----" }),
  () => new ClientWebSocket({ certificate: new Uint8Array(9), sslVerification: SslVerification.NoVerification }),
  () => new ClientWebSocket({ clientCertificate: new Uint8Array(9) }),
  () =>
    new ClientWebSocket({
      clientCertificate: new Uint8Array(9),
      clientPrivateKey: new Uint8Array(9),
      useStoredDeviceCertificate: true,
    }),
  () => new ClientWebSocket(js({ perMessageDeflate: true })),
  () => new ClientWebSocket(js({ permessageDeflate: "yes" })),
  () => tlsIdentity("device.crt", new Uint8Array(9)),
  () => tlsIdentity(new Uint8Array(9), "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"),
  () => new Backoff({ factor: 0.5 }),
  () => new Backoff({ jitter: 2 }),
  () => new Backoff({ initialMs: 1_000, maxMs: 10 }),
  () => new ReconnectingWebSocket(js({ maxAttempts: -1 })),
  () => new ReconnectingWebSocket(js("ws://192.168.1.20/")),
  () => new ReconnectingWebSocket(js({ backoff: 500 })),
  () => new ReconnectingWebSocket(js({ onReconnected: "send" })),

  // Connecting
  () => client.connect("192.168.1.20"),
  () => client.connect("http://192.168.1.20/"),
  () => client.connect("ws://192.168.1.20:808080/"),
  () => client.connect("ws:///path"),
  () => client.connect("ws://192.168.1.20/#top"),
  () => client.connect(js(undefined)),
  () => client.connect("ws://192.168.1.20/", js("Authorization: Bearer token")),
  () => client.connect("ws://192.168.1.20/", { "my header": "a" }),
  () => client.connect("ws://192.168.1.20/", { Authorization: "two\nlines" }),
  () => client.connect("ws://192.168.1.20/", { "Sec-WebSocket-Protocol": "chat" }),
  () => client.connect("ws://192.168.1.20/", { Host: "http://lamp" }),
  () => client.connect("ws://192.168.1.20/", Object.assign(new ClientWebSocketHeaders(), { userId: "nano" })),

  // Sending
  () => client.sendString("too early"),
  () => client.ping(),
  () => client.sendString(js(5)),
  () => client.sendString(js({ on: true })),
  () => client.sendBytes(js("text")),
  () => client.send(new Uint8Array(1), js(7)),
  () => client.sendString("text", -1),
  () => server.broadcast(js(5)),
  () => server.broadcast(js({ on: true })),
  () => socket.sendString("too early"),
  () => socket.sendString(js(5)),
  () => connected.close(1_006),
  () => connected.close(js("bye")),
  () => connected.close(js({ code: 1_000 })),
  () => connected.close(1_000, js(5)),
  () => connected.close(1_000, "x".repeat(124)),
  () => connected.close(1_005, "bye"),
  () => connected.ping(new Uint8Array(126)),
  () => messages(new ClientWebSocket({ onMessageReceived: () => undefined })).next(),
  () => createWebSocketStream(client),
  () => createWebSocketStream(connected, 0),

  // Starting, serving
  async () => {
    await listener.start();
    await listener.start();
  },
  async () => {
    await server.start();
    await server.start();
  },
  () => listener.route("led", () => undefined),
  () => listener.route("/led", js("on")),
  () => {
    listener.route("/twice", () => undefined);
    listener.route("/twice", () => undefined);
  },
  () => new HttpListener(js({ port: 8080, host: "0.0.0.0" })),

  () => addWebSocket(server, js({}), js({}), new Uint8Array(0)),

  // MQTT
  () => new MqttSocket(js({ port: 8083 })),
  () => new MqttSocket({ host: "ws://broker.example", port: 80 }),
  () => new MqttSocket({ host: "broker.example", port: 80, path: "mqtt" }),
  () => new MqttSocket(js({ host: "broker.example", port: 443, isSecure: "yes" })),
  () => new MqttSocket(js({ host: "broker.example", port: 80, format: "text" })),
  () => new MqttSocket(js({ host: "broker.example", port: 80, subprotocols: ["mqtt"] })),

  // SignalR
  () => new HubConnection("/hub"),
  () => new HubConnection("http://127.0.0.1/hub", js({ automaticReconnect: 5 })),
  () => hub.on("SetColor", js(undefined)),
  () => hub.send("Hello"),
  () => new HubServer(js({ port: 8080 }), "/hub"),
  () => new HubServer(listener, "/hub1", js({ methods: "Add" })),
  () => new HubServer(listener, "/hub1", js({ methods: null })),
  () => new HubServer(listener, "/hub2", { methods: js({ Add: 5 }) }),
  () => new HubServer(listener, "/hub3", { methods: { add: () => 1, Add: () => 2 } }),
  () => new HubServer(listener, "/hub4", { protocols: [] }),
  () => new HubServer(listener, "hub"),

  // The network, on Node.js
  () => new ClientWebSocket().connect("ws://127.0.0.1:1/"),
  () => new HttpListener({ port: listener.port }).start(),
];

/** The wrong uses, in the order in which they are written. */
export function listMistakes(): readonly (() => unknown)[] {
  return MISTAKES;
}

/** Starts what is needed to make some of them. */
export async function beginAll(): Promise<void> {
  await peer.start();
  await connected.connect(`ws://127.0.0.1:${peer.port}/`);
}

/** Ends what the mistakes have started. */
export async function endAll(): Promise<void> {
  connected.abort();
  await peer.stop();
  await server.stop();
  listener.stop();
}
