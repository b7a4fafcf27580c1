import { createContext, type ReactNode, use, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { Connection, Status } from "./connection.js";
import { type Document, stableKey } from "./documents.js";
import type { EventName, Events } from "./events.js";
import type { LiveState } from "./live.js";

const Connected = createContext<Connection | undefined>(undefined);

/** Everything inside uses `connection`. */
export function TidegateProvider({ connection, children }: { connection: Connection; children: ReactNode }) {
  return <Connected value={connection}>{children}</Connected>;
}

export function useTidegate(): Connection {
  const connection = use(Connected);
  if (connection === undefined) throw new Error("There is no TidegateProvider around this.");
  return connection;
}

export interface LiveOptions {
  /** Watches nothing for as long as it is true. */
  readonly pause?: boolean;
}

const PAUSED: LiveState<never> = { data: undefined, isLoading: false, error: undefined, at: undefined };
const nothing = (): (() => void) => () => undefined;

/** The newest result of a query, for as long as the component is there. With other variables it is another query, and
 * loading at first. */
export function useLive<Result, Variables>(
  document: Document<Result, Variables>,
  variables?: Variables,
  options: LiveOptions = {},
): LiveState<Result> {
  const connection = useTidegate();
  const key = stableKey(variables ?? {});
  const live = useMemo(
    () => (options.pause === true ? undefined : connection.live(document, variables)),
    // The variables by their values: most are written anew in each render.
    [connection, document, key, options.pause],
  );
  const get = live?.get ?? (() => PAUSED as LiveState<Result>);
  return useSyncExternalStore(live?.subscribe ?? nothing, get, get);
}

/** Calls `handler` for each event, for as long as the component is there. */
export function useEvent<Name extends EventName>(event: Name, handler: (data: Events[Name]) => void): void {
  const { events } = useTidegate();
  const newest = useRef(handler);
  useEffect(() => {
    newest.current = handler;
  });
  useEffect(() => events.on(event, (data) => newest.current(data)), [events, event]);
}

/** Whether the connection is there. */
export function useStatus(): Status {
  const { status } = useTidegate();
  return useSyncExternalStore(status.subscribe, status.get, status.get);
}
