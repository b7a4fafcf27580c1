import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useStatus } from "tidegate-client/react";
import { useSubscription } from "urql";
import { Waiting } from "../documents";
import { usePart } from "../ripples";
import { Link, useRoute } from "../router";
import type { User } from "../session";
import { Icon, type IconName, Mark } from "../ui/icons";
import { Face } from "../ui/parts";
import { ThemeSwitch } from "../ui/theme";
import { Bell } from "./Bell";

export const ROLE_WORDS = { customer: "Customer", support: "Support", admin: "Admin" } as const;

export function Header({ user, bare, onSignOut }: { user: User; bare: boolean; onSignOut: () => void }) {
  return (
    <header className="bar">
      <Link to="/" className="brand">
        <Mark />
        <span>Slipway</span>
      </Link>
      {user.role !== "customer" && <Pages />}
      <div className="bar-end">
        <LiveMark />
        <Bell user={user} />
        <Menu label={`${titled(user.name)}, ${ROLE_WORDS[user.role]}`} face={<Face name={user.name} size={30} />}>
          <div className="menu-who">
            <strong>{titled(user.name)}</strong>
            <span>{ROLE_WORDS[user.role]}</span>
            <span className="soft">{user.email}</span>
          </div>
          <ThemeSwitch />
          {!bare && (
            <a className="menu-item" href="/side-by-side">
              <Icon name="panes" /> Three people side by side
            </a>
          )}
          <button type="button" className="menu-item" onClick={onSignOut}>
            <Icon name="out" /> Sign out
          </button>
        </Menu>
      </div>
    </header>
  );
}

export function titled(name: string): string {
  const [first = "", ...others] = name;
  return first.toUpperCase() + others.join("");
}

/** Urql's own subscription, over the same socket. */
function Pages() {
  const { path } = useRoute();
  const [{ data }] = useSubscription<{ ticketCount: number }>({ query: Waiting.toString() });
  return (
    <nav className="pages" aria-label={usePart("Pages")}>
      <Link to="/" current={path !== "/dashboard"}>
        Tickets
        {data !== undefined && data.ticketCount > 0 && (
          <span className="count">
            {data.ticketCount}
            <span className="unseen"> to do</span>
          </span>
        )}
      </Link>
      <Link to="/dashboard" current={path === "/dashboard"}>
        Dashboard
      </Link>
    </nav>
  );
}

function LiveMark() {
  const status = useStatus();
  const word = status === "open" ? "Live" : status === "waiting" ? "Offline" : "Connecting";
  return (
    <span className={`live-mark ${status}`} title={status === "open" ? "Everything here changes by itself" : word}>
      <span aria-hidden="true" />
      <b>{word}</b>
    </span>
  );
}

interface MenuProps {
  readonly label: string;
  readonly icon?: IconName;
  readonly face?: ReactNode;
  readonly badge?: number;
  readonly onOpen?: () => void;
  readonly children: ReactNode;
}

/** A button and what it opens below itself. Escape and a click elsewhere close it; the focus goes back. */
export function Menu({ label, icon, face, badge = 0, onOpen, children }: MenuProps) {
  const [open, setOpen] = useState(false);
  const whole = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const panel = useId();
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: Event) => {
      if (event.target instanceof Node && !whole.current?.contains(event.target)) setOpen(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      button.current?.focus();
    };
    addEventListener("pointerdown", outside);
    addEventListener("focusin", outside);
    addEventListener("keydown", escape);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("focusin", outside);
      removeEventListener("keydown", escape);
    };
  }, [open]);
  return (
    <div className="menu" ref={whole}>
      <button
        ref={button}
        type="button"
        className={face === undefined ? "button quiet" : "button quiet faced"}
        aria-expanded={open}
        aria-controls={panel}
        aria-label={badge > 0 ? `${label}, ${badge} new` : label}
        onClick={() => {
          if (!open) onOpen?.();
          setOpen(!open);
        }}
      >
        {icon !== undefined && <Icon name={icon} size={20} />}
        {face}
        {badge > 0 && (
          <span className="badge" aria-hidden="true">
            {badge}
          </span>
        )}
      </button>
      <div id={panel} className="menu-panel" hidden={!open}>
        {open && children}
      </div>
    </div>
  );
}

