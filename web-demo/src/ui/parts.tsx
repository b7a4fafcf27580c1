import { type ButtonHTMLAttributes, type ReactNode, useEffect, useState } from "react";
import type { Priority, Status } from "../../build/gql/graphql";
import { Icon, type IconName } from "./icons";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: "main" | "plain" | "quiet" | "danger";
  readonly icon?: IconName;
  readonly busy?: boolean;
}

/** While it is busy it does nothing: neither for a pointer nor for a key. */
export function Button({ look = "plain", icon, busy = false, children, className = "", onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={`button ${look} ${className}`}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
}

export const STATUSES: readonly Status[] = ["Todo", "InProgress", "Done"];
export const PRIORITIES: readonly Priority[] = ["LOW", "NORMAL", "HIGH", "URGENT"];
export const STATUS_WORDS: Record<Status, string> = { Todo: "To do", InProgress: "In progress", Done: "Done" };
export const PRIORITY_WORDS: Record<Priority, string> = { LOW: "Low", NORMAL: "Normal", HIGH: "High", URGENT: "Urgent" };

export function StatusPill({ status }: { status: Status }) {
  return <span className={`pill status-${status}`}>{STATUS_WORDS[status]}</span>;
}

/** Only what is out of the ordinary is said. */
export function PriorityPill({ priority, always = false }: { priority: Priority; always?: boolean }) {
  if (priority === "NORMAL" && !always) return null;
  return <span className={`pill priority-${priority}`}>{PRIORITY_WORDS[priority]}</span>;
}

export function Face({ name, size = 32 }: { name: string; size?: number }) {
  const hue = ([...name.toLowerCase()].reduce((sum, letter, place) => sum + letter.charCodeAt(0) * (place + 3), 0) * 101) % 360;
  return (
    <svg className="face" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="16" cy="16" r="16" fill={`oklch(0.86 0.055 ${hue})`} />
      <text x="16" y="21.200" textAnchor="middle" fill={`oklch(0.33 0.06 ${hue})`}>
        {[...name][0]?.toUpperCase()}
      </text>
    </svg>
  );
}

const DAY = 86_400_000;
const DATE = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const CLOCK = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hour12: false });
const WHOLE = new Intl.DateTimeFormat("en", { dateStyle: "long", timeStyle: "short" });

/** How long ago, in few letters; the date where it is long ago, or by this machine's clock not yet. */
export function Ago({ at }: { at: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  const then = new Date(at);
  const past = now - then.getTime();
  let text = DATE.format(then);
  if (past > -60_000 && past < 60_000) text = "now";
  else if (past > 0 && past < 3_600_000) text = `${Math.floor(past / 60_000)} min`;
  else if (past > 0 && past < DAY) text = CLOCK.format(then);
  return (
    <time dateTime={at} title={WHOLE.format(then)}>
      {text}
    </time>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <span className="empty-icon">
        <Icon name={icon} size={24} />
      </span>
      <h2>{title}</h2>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

export function Failed({ what, message }: { what: string; message: string }) {
  return (
    <div className="empty failed" role="alert">
      <span className="empty-icon">
        <Icon name="close" size={24} />
      </span>
      <h2>{what} cannot be shown</h2>
      <p>{message}</p>
      <Button onClick={() => location.reload()}>Load the page again</Button>
    </div>
  );
}

/** Grey bars where text will be, of the same height. */
export function Bones({ lines, label }: { lines: readonly number[]; label: string }) {
  return (
    <div className="bones" role="status" aria-label={label}>
      {lines.map((width, index) => (
        <span key={index} className="bone" style={{ inlineSize: `${width}%` }} />
      ))}
    </div>
  );
}
