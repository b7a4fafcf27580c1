import { createContext, type ReactNode, use, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { Status } from "./channel.js";
import type { Connection } from "./connection.js";
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
  /** With other variables, the `data` of those before stay until theirs come; `isLoading` is true meanwhile. For a list
   * that is filtered or grows. */
  readonly keep?: boolean;
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
  const state = useSyncExternalStore(live?.subscribe ?? nothing, get, get);
  const [last, setLast] = useState(state);
  if (options.keep === true && state !== last && !state.isLoading) setLast(state);
  const kept = options.keep === true && state.isLoading && state.data === undefined && last.data !== undefined;
  return useMemo(() => (kept ? { ...state, data: last.data } : state), [kept, state, last.data]);
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
