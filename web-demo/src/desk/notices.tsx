import { createContext, type ReactNode, use, useCallback, useMemo, useRef, useState } from "react";
import { Link } from "../router";
import { Icon } from "../ui/icons";

export interface Notice {
  readonly kind: "news" | "good" | "error";
  readonly title: string;
  readonly text?: string;
  /** Where it leads. */
  readonly to?: string;
}

interface Shown extends Notice {
  readonly id: number;
}

interface Notices {
  say(notice: Notice): void;
}

const Shared = createContext<Notices>({ say: () => undefined });
const LIFE = 7000;

export function useNotices(): Notices {
  return use(Shared);
}

/** Toasts: they go by themselves, but not while somebody points at them or has the focus in them, and errors stay until they are put away. */
export function NoticeProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<readonly Shown[]>([]);
  const next = useRef(0);
  const drop = useCallback((id: number) => setShown((all) => all.filter((each) => each.id !== id)), []);
  const say = useCallback((notice: Notice) => {
    next.current += 1;
    const id = next.current;
    setShown((all) => [...all.slice(-2), { ...notice, id }]);
  }, []);
  return (
    <Shared value={useMemo(() => ({ say }), [say])}>
      {children}
      <div className="toasts">
        <div role="status" aria-live="polite">
          {shown
            .filter((each) => each.kind !== "error")
            .map((each) => (
              <Toast key={each.id} notice={each} drop={drop} />
            ))}
        </div>
        <div role="alert">
          {shown
            .filter((each) => each.kind === "error")
            .map((each) => (
              <Toast key={each.id} notice={each} drop={drop} />
            ))}
        </div>
      </div>
    </Shared>
  );
}

function Toast({ notice, drop }: { notice: Shown; drop: (id: number) => void }) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const start = () => {
    clearTimeout(timer.current);
    if (notice.kind !== "error") timer.current = setTimeout(() => drop(notice.id), LIFE);
  };
  return (
    <div
      className={`toast ${notice.kind}`}
      ref={(element) => {
        if (element !== null) start();
        return () => clearTimeout(timer.current);
      }}
      onPointerEnter={() => clearTimeout(timer.current)}
      onPointerLeave={start}
      onFocus={() => clearTimeout(timer.current)}
      onBlur={start}
    >
      <div>
        <strong>{notice.title}</strong>
        {notice.text !== undefined && <p dir="auto">{notice.text}</p>}
        {notice.to !== undefined && <Link to={notice.to}>Open the ticket</Link>}
      </div>
      <button type="button" className="button quiet" aria-label={`Put away: ${notice.title}`} onClick={() => drop(notice.id)}>
        <Icon name="close" size={16} />
      </button>
    </div>
  );
}
