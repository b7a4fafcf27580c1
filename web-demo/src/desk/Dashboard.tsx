import { useEffect, useId, useState } from "react";
import type { Priority, Status } from "../../build/gql/graphql";
import { AverageAge, OpenTickets, TicketsByStatus } from "../documents";
import { useTide } from "../ripples";
import type { User } from "../session";
import { Bones, Button, Failed, PRIORITIES, PRIORITY_WORDS, STATUS_WORDS, STATUSES } from "../ui/parts";
import { Announcing } from "./Bell";
import { type Point, TideChart } from "./TideChart";

export function Dashboard({ user, part: Part }: { user: User; part: "div" | "main" }) {
  const open = useTide("open count", OpenTickets, {});
  const byStatus = useTide("status counts", TicketsByStatus, {});
  const ages = useTide("average age", AverageAge, {});
  const [announcing, setAnnouncing] = useState(false);
  const heading = useId();
  const counts = new Map<Status, number>(byStatus.data?.ticketsByStatus.map((each) => [each.status, each.tickets]));
  const failed = byStatus.error ?? ages.error;
  return (
    <Part className="board" tabIndex={0}>
      <header className="board-head">
        <div>
          <h1>Dashboard</h1>
          <p className="soft">Every number here is a live query. Nothing asks twice.</p>
        </div>
        {user.role === "admin" && (
          <Button icon="horn" onClick={() => setAnnouncing(true)}>
            Announce
          </Button>
        )}
      </header>
      {failed !== undefined && byStatus.data === undefined ? (
        <Failed what="The numbers" message={failed.message} />
      ) : (
        <>
          <dl className="tiles">
            <Tile label="Open" value={open.data?.openTickets} lead />
            {STATUSES.map((each) => (
              <Tile key={each} label={STATUS_WORDS[each]} value={byStatus.data && (counts.get(each) ?? 0)} kind={each} />
            ))}
          </dl>
          <section className="card" aria-labelledby={`${heading}-tide`}>
            <h2 id={`${heading}-tide`}>Open tickets, while you watch</h2>
            <OverTime value={open.data?.openTickets} at={open.at} />
          </section>
          <div className="halves">
            <section className="card" aria-labelledby={`${heading}-status`}>
              <h2 id={`${heading}-status`}>By status</h2>
              <StatusBar counts={counts} loading={byStatus.isLoading} />
            </section>
            <section className="card" aria-labelledby={`${heading}-age`}>
              <h2 id={`${heading}-age`}>How long they have been open</h2>
              <Ages rows={ages.data?.averageAge} />
            </section>
          </div>
        </>
      )}
      {announcing && <Announcing onClose={() => setAnnouncing(false)} />}
    </Part>
  );
}

function Tile({ label, value, kind, lead = false }: { label: string; value: number | undefined; kind?: Status; lead?: boolean }) {
  return (
    <div className={`tile ${lead ? "lead" : ""} ${kind === undefined ? "" : `status-${kind}`}`}>
      <dt>{label}</dt>
      {/* Drawn anew for each value, so that a change is seen. */}
      <dd key={value}>{value ?? "–"}</dd>
    </div>
  );
}

const KEPT = 240;

/** Each result is a point, from the moment the page was opened. */
function OverTime({ value, at }: { value: number | undefined; at: number | undefined }) {
  const [points, setPoints] = useState<readonly Point[]>([]);
  useEffect(() => {
    if (value === undefined || at === undefined) return;
    setPoints((all) => (all.at(-1)?.at === at ? all : [...all, { at, value }].slice(-KEPT)));
  }, [value, at]);
  return <TideChart points={points} />;
}

function StatusBar({ counts, loading }: { counts: ReadonlyMap<Status, number>; loading: boolean }) {
  const all = STATUSES.reduce((sum, each) => sum + (counts.get(each) ?? 0), 0);
  if (loading) return <Bones lines={[100, 60]} label="Loading" />;
  return (
    <>
      <div className="stack" aria-hidden="true">
        {STATUSES.map((each) => (
          <span key={each} className={`status-${each}`} style={{ flexGrow: counts.get(each) ?? 0 }} />
        ))}
      </div>
      <ul className="legend">
        {STATUSES.map((each) => (
          <li key={each} className={`status-${each}`}>
            <span>{STATUS_WORDS[each]}</span>
            <b>{counts.get(each) ?? 0}</b>
            <span className="soft">{all === 0 ? "0" : Math.round(((counts.get(each) ?? 0) / all) * 100)} %</span>
          </li>
        ))}
      </ul>
    </>
  );
}

interface Age {
  readonly priority: Priority;
  readonly tickets: number;
  readonly averageHours: number;
}

function Ages({ rows }: { rows: readonly Age[] | undefined }) {
  if (rows === undefined) return <Bones lines={[80, 60, 90]} label="Loading" />;
  const known = new Map(rows.map((each) => [each.priority, each]));
  const longest = Math.max(1, ...rows.map((each) => Math.abs(each.averageHours)));
  return (
    <ul className="ages">
      {[...PRIORITIES].reverse().map((priority) => {
        const row = known.get(priority);
        const hours = Math.max(0, row?.averageHours ?? 0);
        return (
          <li key={priority} className={`priority-${priority}`}>
            <span>{PRIORITY_WORDS[priority]}</span>
            <span className="age-track" aria-hidden="true">
              {row !== undefined && <span style={{ inlineSize: `${(hours / longest) * 100}%` }} />}
            </span>
            <b>{row === undefined ? "none" : hours < 48 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} days`}</b>
          </li>
        );
      })}
    </ul>
  );
}
