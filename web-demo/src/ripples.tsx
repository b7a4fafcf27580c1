import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Document, EventName, Events, LiveState } from "tidegate-client";
import { useEvent, useLive } from "tidegate-client/react";

/** Something that somebody did, and what it made arrive at others, with the milliseconds since the click. */
export interface Deed {
  readonly by: string;
  readonly what: string;
  readonly since: number;
  readonly arrivals: readonly Arrival[];
}

export interface Arrival {
  readonly at: string;
  readonly what: string;
  readonly ms: number;
  readonly kind: "refresh" | "event";
}

export interface Ripples {
  readonly deed: Deed | undefined;
  did(by: string, what: string): void;
  arrived(at: string, what: string, kind: Arrival["kind"], moment: number): void;
}

const Shared = createContext<Ripples | undefined>(undefined);
const Who = createContext("");

/** What comes later than this has another cause. */
const LONGEST = 4000;

/** Measures what one pane's clicks do to the other panes. */
export function RippleProvider({ children }: { children: ReactNode }) {
  const [deed, setDeed] = useState<Deed>();
  const did = useCallback((by: string, what: string) => {
    setDeed({ by, what, since: performance.now(), arrivals: [] });
  }, []);
  const arrived = useCallback((at: string, what: string, kind: Arrival["kind"], moment: number) => {
    setDeed((old) => {
      if (old === undefined || moment < old.since || moment - old.since > LONGEST) return old;
      if (old.arrivals.some((each) => each.at === at && each.what === what)) return old;
      return { ...old, arrivals: [...old.arrivals, { at, what, kind, ms: moment - old.since }] };
    });
  }, []);
  return <Shared value={useMemo(() => ({ deed, did, arrived }), [deed, did, arrived])}>{children}</Shared>;
}

export function RipplesOf({ who, children }: { who: string; children: ReactNode }) {
  return <Who value={who}>{children}</Who>;
}

/** A name for a part of the page, which is somebody's where there are several of its kind. */
export function usePart(name: string): string {
  const who = use(Who);
  return who === "" ? name : `${name} of ${who}`;
}

const NOBODY: Ripples = { deed: undefined, did: () => undefined, arrived: () => undefined };

export function useRipples(): Ripples {
  return use(Shared) ?? NOBODY;
}

export function useDeed(): Deed | undefined {
  return use(Shared)?.deed;
}

/** Tells that this user does something now. */
export function useDoing(): (what: string) => void {
  const shared = use(Shared);
  const who = use(Who);
  const did = shared?.did;
  return useCallback((what: string) => did?.(who, what), [did, who]);
}

/** `useLive`, whose results are measured where somebody measures. */
export function useTide<Result, Variables>(
  what: string,
  document: Document<Result, Variables>,
  variables?: Variables,
  options: { pause?: boolean; keep?: boolean } = {},
): LiveState<Result> {
  const live = useLive(document, variables, options);
  const arrived = use(Shared)?.arrived;
  const who = use(Who);
  const seen = useRef(live.at);
  useEffect(() => {
    if (live.at === undefined || live.at === seen.current) return;
    // The first result is an answer to a question, not a refresh.
    if (seen.current !== undefined) arrived?.(who, what, "refresh", live.at);
    seen.current = live.at;
  }, [live.at, arrived, who, what]);
  return live;
}

/** `useEvent`, likewise. */
export function useBell<Name extends EventName>(event: Name, handler: (data: Events[Name]) => void): void {
  const arrived = use(Shared)?.arrived;
  const who = use(Who);
  useEvent(event, (data) => {
    arrived?.(who, event, "event", performance.now());
    handler(data);
  });
}
