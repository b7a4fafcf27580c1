import { useCallback, useEffect, useState } from "react";
import { Desk } from "../desk/Desk";
import { PEOPLE } from "../people";
import { type Arrival, type Deed, RippleProvider, RipplesOf, useDeed } from "../ripples";
import { PaneRoute } from "../router";
import { type Session, signIn } from "../session";
import { Mark } from "../ui/icons";
import { Button, Face } from "../ui/parts";
import { ThemeSwitch } from "../ui/theme";
import { Deeds } from "./Deeds";

const SEATS = ["ada", "sam", "kim"] as const;
export type Seat = (typeof SEATS)[number];
const START: Record<Seat, string> = { ada: "/", sam: "/", kim: "/dashboard" };

/** Three users in one page, each with connections of their own, and what one of them does to the others. */
export function SideBySide() {
  const [third, setThird] = useState(true);
  const seats = third ? SEATS : SEATS.slice(0, 2);
  const [sessions, setSessions] = useState<Partial<Record<Seat, Session>>>({});
  const sat = useCallback((seat: Seat, session: Session | undefined) => {
    setSessions(({ [seat]: _, ...others }) => (session === undefined ? others : { ...others, [seat]: session }));
  }, []);
  useEffect(() => {
    document.title = "Side by side · Slipway";
  }, []);
  return (
    <RippleProvider>
      <div className="side">
        <header className="side-bar">
          <a className="brand" href="/">
            <Mark />
            <span>Slipway</span>
          </a>
          <h1>Side by side</h1>
          <Deeds sessions={sessions} third={third} />
          <Button className="third" aria-pressed={third} onClick={() => setThird(!third)}>
            Kim too
          </Button>
          <ThemeSwitch />
          <Verdict />
        </header>
        <main className={third ? "panes three" : "panes"}>
          {seats.map((seat) => (
            <Pane key={seat} seat={seat} onSat={sat} />
          ))}
        </main>
      </div>
    </RippleProvider>
  );
}

function Pane({ seat, onSat }: { seat: Seat; onSat: (seat: Seat, session: Session | undefined) => void }) {
  const person = PEOPLE.find((each) => each.user === seat);
  const [session, setSession] = useState<Session>();
  const [problem, setProblem] = useState<string>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let mine: Session | undefined;
    let gone = false;
    signIn(seat, person?.password ?? "").then(
      (found) => {
        mine = found;
        if (gone) found.connection.close();
        else {
          setSession(found);
          onSat(seat, found);
        }
      },
      (reason: unknown) => !gone && setProblem(reason instanceof Error ? reason.message : "The gateway cannot be reached."),
    );
    return () => {
      gone = true;
      mine?.connection.close();
      setSession(undefined);
      onSat(seat, undefined);
      setProblem(undefined);
    };
  }, [seat, person, turn, onSat]);
  const name = person?.name ?? seat;
  return (
    <section className="pane" aria-label={`${name}’s screen`}>
      <header className="pane-head">
        <Face name={name} size={26} />
        <b>{name}</b>
        <span className={`role role-${person?.role ?? ""}`}>{person?.role}</span>
        <PaneArrivals name={name} />
      </header>
      <div className="pane-body">
        {problem !== undefined ? (
          <div className="empty failed" role="alert">
            <h2>{name} could not sign in</h2>
            <p>{problem}</p>
            <Button onClick={() => setTurn(turn + 1)}>Try again</Button>
          </div>
        ) : session === undefined ? (
          <div className="opening" role="status" aria-label={`${name} signs in`}>
            <Mark size={36} />
          </div>
        ) : (
          <PaneRoute start={START[seat]}>
            <RipplesOf who={name}>
              <Desk session={session} bare onSignOut={() => setTurn(turn + 1)} />
            </RipplesOf>
          </PaneRoute>
        )}
      </div>
    </section>
  );
}

/** What the latest deed made arrive in this pane. */
function PaneArrivals({ name }: { name: string }) {
  const deed = useDeed();
  const here = deed?.arrivals.filter((each) => each.at === name) ?? [];
  const fastest = here[0];
  return (
    <span className="pane-arrivals">
      {fastest !== undefined && deed !== undefined && (
        <span key={deed.since} className={`arrival ${deed.by === name ? "own" : ""}`}>
          <span>{worded(fastest)}</span> <b>{milliseconds(fastest.ms)}</b>
        </span>
      )}
    </span>
  );
}

function Verdict() {
  const deed = useDeed();
  if (deed === undefined) {
    return <p className="verdict soft">One click, or do something in a pane yourself. What arrives at the others is written here, with how long it took.</p>;
  }
  const others = deed.arrivals.filter((each) => each.at !== deed.by);
  return (
    <p className="verdict" role="status" aria-label="What arrived" tabIndex={0}>
      <span>
        <b>{deed.by}</b> {deed.what}
      </span>
      {others.length === 0 ? <span className="soft">{quiet(deed)}</span> : others.map((each) => (
        <span key={`${each.at} ${each.what}`} className={`arrival ${each.kind}`}>
          {each.at} · {worded(each)} <b>{milliseconds(each.ms)}</b>
        </span>
      ))}
    </p>
  );
}

function quiet(deed: Deed): string {
  return deed.arrivals.length === 0 ? "on its way …" : "concerns nobody else who is looking";
}

function worded(arrival: Arrival): string {
  return arrival.kind === "event" ? `event ${arrival.what}` : arrival.what;
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
