/**
 * The client, the server and the HTTP listener in one import, where size does not matter: on a device an app that imports
 * "xs-websockets/client" does without the server.
 */

// By their public names: XS would look for "./client.js" beside this module, whose name there is "xs-websockets".
export * from "xs-websockets/client";
export * from "xs-websockets/http";
export * from "xs-websockets/server";
