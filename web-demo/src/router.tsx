import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";

export interface Route {
  readonly path: string;
  /** The address bar's, and not one of several in a page. */
  readonly isPage: boolean;
  go(path: string): void;
}

const Current = createContext<Route>({ path: "/", isPage: false, go: () => undefined });

/** The path of the address bar. */
export function BrowserRoute({ children }: { children: ReactNode }) {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const moved = () => setPath(location.pathname);
    addEventListener("popstate", moved);
    return () => removeEventListener("popstate", moved);
  }, []);
  const go = useCallback((next: string) => {
    if (next !== location.pathname) history.pushState(null, "", next);
    setPath(next);
  }, []);
  return <Current value={useMemo(() => ({ path, go, isPage: true }), [path, go])}>{children}</Current>;
}

/** A path of its own, for one of several panes in a page. */
export function PaneRoute({ start = "/", children }: { start?: string; children: ReactNode }) {
  const [path, go] = useState(start);
  return <Current value={useMemo(() => ({ path, go, isPage: false }), [path])}>{children}</Current>;
}

export function useRoute(): Route {
  return use(Current);
}

/** What the tab is called, and what is read out first: by whom it is looked at, and what. Null where a part inside
 * says it. */
export function useTitle(who: string, what: string | null): void {
  const { isPage } = useRoute();
  useEffect(() => {
    if (isPage && what !== null) document.title = `${who} · ${what} · Slipway`;
  }, [isPage, who, what]);
}

interface LinkProps {
  readonly to: string;
  readonly children: ReactNode;
  readonly className?: string;
  readonly current?: boolean;
  readonly id?: string;
}

export function Link({ to, children, className, current, id }: LinkProps) {
  const { go } = useRoute();
  return (
    <a
      id={id}
      href={to}
      className={className}
      aria-current={current === true ? "page" : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
