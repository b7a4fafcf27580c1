import { useEffect, useRef, useState } from "react";
import type { Status, TicketFilter, TicketLineFragment } from "../../build/gql/graphql";
import { AllTickets, MyTickets } from "../documents";
import { usePart, useTide } from "../ripples";
import { Link } from "../router";
import type { User } from "../session";
import { Icon } from "../ui/icons";
import { Ago, Bones, Button, Empty, Failed, PriorityPill, STATUS_WORDS, STATUSES, StatusPill } from "../ui/parts";
import { NewTicket } from "./NewTicket";

/** Tickets that are asked for at once, and more of them each time that somebody wants more. */
const PAGE = 25;

type Line = TicketLineFragment & { readonly author?: { readonly name: string } | null };

export function TicketList({ user, selected }: { user: User; selected: string | undefined }) {
  return user.role === "customer" ? <Mine user={user} selected={selected} /> : <Everybodys selected={selected} />;
}

function Mine({ user, selected }: { user: User; selected: string | undefined }) {
  // Who files one may begin the next before the first is there.
  const [filing, setFiling] = useState<readonly number[]>([]);
  const begun = useRef(0);
  const [first, setFirst] = useState(PAGE);
  const { data, isLoading, error } = useTide("ticket list", MyTickets, { first }, { keep: true });
  const tickets = data?.myTickets;
  const file = () => {
    begun.current += 1;
    const next = begun.current;
    setFiling((all) => [...all, next]);
  };
  return (
    <section className="list" aria-label={usePart("Your tickets")}>
      <header className="list-head">
        <h1>Your tickets</h1>
        <Button look="main" icon="plus" onClick={file}>
          New ticket
        </Button>
      </header>
      {error !== undefined && tickets === undefined && <Failed what="Your tickets" message={error.message} />}
      {isLoading && tickets === undefined && <Waiting />}
      {tickets?.length === 0 && (
        <Empty icon="check" title="Nothing here yet">
          File a ticket, and watch what support makes of it.
        </Empty>
      )}
      {tickets !== undefined && <Lines tickets={tickets} selected={selected} />}
      {tickets !== undefined && tickets.length >= first && <More busy={isLoading} onMore={() => setFirst(first + PAGE)} />}
      {filing.map((each) => (
        <NewTicket key={each} user={user} onClose={() => setFiling((all) => all.filter((other) => other !== each))} />
      ))}
    </section>
  );
}


function Everybodys({ selected }: { selected: string | undefined }) {
  const [status, setStatus] = useState<Status | "all">("all");
  const [text, setText] = useState("");
  const [first, setFirst] = useState(PAGE);
  const sought = useSettled(text.trim());
  const where: TicketFilter = {
    ...(status === "all" ? {} : { status: { eq: status } }),
    ...(sought === "" ? {} : { title: { containsAnyCase: sought } }),
  };
  const { data, isLoading, error } = useTide("ticket list", AllTickets, { where, first }, { keep: true });
  const found = data?.allTickets;
  return (
    <section className="list" aria-label={usePart("All tickets")}>
      <header className="list-head">
        <h1>All tickets</h1>
        {found !== undefined && <span className="total">{found.totalCount}</span>}
      </header>
      <div className="list-tools">
        <label className="search">
          <Icon name="search" size={16} />
          <span className="unseen">Search titles</span>
          <input type="search" placeholder="Search titles" value={text} onChange={(event) => setText(event.target.value)} />
        </label>
        <fieldset className="segments">
          <legend className="unseen">Status</legend>
          {(["all", ...STATUSES] as const).map((each) => (
            <button key={each} type="button" aria-pressed={status === each} onClick={() => setStatus(each)}>
              {each === "all" ? "All" : STATUS_WORDS[each]}
            </button>
          ))}
        </fieldset>
      </div>
      {error !== undefined && found === undefined && <Failed what="The tickets" message={error.message} />}
      {isLoading && found === undefined && <Waiting />}
      {found?.nodes.length === 0 && (
        <Empty icon="check" title={sought === "" ? "All done" : "Nothing found"}>
          {sought === "" ? "There is no such ticket right now." : "No title has these words. New ones appear by themselves."}
        </Empty>
      )}
      {found !== undefined && <Lines tickets={found.nodes} selected={selected} />}
      {found !== undefined && found.totalCount > found.nodes.length && (
        <More busy={isLoading} onMore={() => setFirst(first + PAGE)} />
      )}
    </section>
  );
}

function More({ busy, onMore }: { busy: boolean; onMore: () => void }) {
  return (
    <Button className="more" busy={busy} onClick={onMore}>
      Show more
    </Button>
  );
}

/** What is typed, once it has been the same for a moment: not each letter is a query. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 180);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

function Waiting() {
  return (
    <div className="lines">
      {[70, 55, 80, 62, 48].map((width) => (
        <div key={width} className="line">
          <Bones lines={[width, 40]} label="Loading" />
        </div>
      ))}
    </div>
  );
}

function Lines({ tickets, selected }: { tickets: readonly Line[]; selected: string | undefined }) {
  // What has changed since it was last drawn is tinted for a moment. Many new ones at once are no news, but another page.
  const known = useRef<Map<string, string>>(undefined);
  const before = known.current;
  const changed = new Set<string>();
  if (before !== undefined) {
    const added = tickets.filter((each) => !before.has(each.id)).length;
    for (const each of tickets) {
      if (before.has(each.id) ? before.get(each.id) !== mark(each) : added < 4) changed.add(each.id);
    }
  }
  useEffect(() => {
    known.current = new Map(tickets.map((each) => [each.id, mark(each)]));
  }, [tickets]);
  // Whoever comes back from a ticket is on its line, and whoever's line goes away on the one that took its place.
  const list = useRef<HTMLUListElement>(null);
  const places = useRef(new Map<string, number>());
  const focused = useRef<string>(undefined);
  const left = useRef(selected);
  const focus = (id: string) => {
    const links = [...(list.current?.querySelectorAll<HTMLElement>("[data-ticket] a") ?? [])];
    const own = links.find((link) => link.closest<HTMLElement>("[data-ticket]")?.dataset["ticket"] === id);
    (own ?? links[Math.min(places.current.get(id) ?? 0, links.length - 1)])?.focus();
  };
  useEffect(() => {
    const lost = focused.current;
    if (lost !== undefined && document.activeElement === document.body && tickets.every((each) => each.id !== lost)) focus(lost);
    for (const [index, each] of tickets.entries()) places.current.set(each.id, index);
  }, [tickets]);
  useEffect(() => {
    const from = left.current;
    left.current = selected;
    if (from !== undefined && selected === undefined && document.activeElement === document.body) focus(from);
  }, [selected]);
  return (
    <ul
      className="lines"
      ref={list}
      onFocus={(event) => (focused.current = event.target.closest<HTMLElement>("[data-ticket]")?.dataset["ticket"])}
      onBlur={() => (focused.current = undefined)}
    >
      {tickets.map((each) => (
        <li key={each.id} data-ticket={each.id} className={changed.has(each.id) ? "fresh" : undefined} data-draft={isDraft(each.id) || undefined}>
          <Link to={`/tickets/${each.id}`} className="line" current={each.id === selected}>
            <span className="line-title" dir="auto">{each.title}</span>
            <span className="line-facts">
              <StatusPill status={each.status} />
              <PriorityPill priority={each.priority} />
              {each.author != null && <span className="soft">{each.author.name}</span>}
              <span className="soft line-time">
                <Ago at={each.createdAt} />
              </span>
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function mark(line: Line): string {
  return `${line.title} ${line.status} ${line.priority} ${line.assigneeEmail ?? ""}`;
}

/** What is shown before the gateway has given it a number. */
export function isDraft(id: string): boolean {
  return id.startsWith("draft-");
}
