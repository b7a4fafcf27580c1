export type { Answer, Operation, Sink, Status } from "./channel.js";
export { change, type Change, Connection, type ConnectionOptions } from "./connection.js";
export { asSubscription, type Document, type Typed } from "./documents.js";
export { GatewayError, SignedOut } from "./errors.js";
export type { EventName, Events, SocketEvents } from "./events.js";
export type { Live, LiveState } from "./live.js";
export type { Store } from "./store.js";
export type { AskForToken, Grant } from "./tokens.js";
