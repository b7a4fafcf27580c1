import { useDeferredValue, useEffect, useRef, useState } from "react";
import type { Status, TicketFilter, TicketLineFragment } from "../../build/gql/graphql";
import { AllTickets, MyTickets } from "../documents";
import { usePart, useTide } from "../ripples";
import { Link } from "../router";
import type { User } from "../session";
import { Icon } from "../ui/icons";
import { Ago, Bones, Button, Empty, Failed, PriorityPill, STATUS_WORDS, STATUSES, StatusPill } from "../ui/parts";
import { NewTicket } from "./NewTicket";

type Line = TicketLineFragment & { readonly author?: { readonly name: string } | null };

export function TicketList({ user, selected }: { user: User; selected: string | undefined }) {
  return user.role === "customer" ? <Mine user={user} selected={selected} /> : <Everybodys selected={selected} />;
}

function Mine({ user, selected }: { user: User; selected: string | undefined }) {
  const [filing, setFiling] = useState(false);
  const { data, isLoading, error } = useTide("ticket list", MyTickets, {});
  const tickets = data?.myTickets;
  return (
    <section className="list" aria-label={usePart("Your tickets")}>
      <header className="list-head">
        <h1>Your tickets</h1>
        <Button look="main" icon="plus" onClick={() => setFiling(true)}>
          New ticket
        </Button>
      </header>
      {error !== undefined && tickets === undefined && <Failed what="Your tickets" message={error.message} />}
      {isLoading && <Waiting />}
      {tickets?.length === 0 && (
        <Empty icon="check" title="Nothing here yet">
          File a ticket, and watch what support makes of it.
        </Empty>
      )}
      {tickets !== undefined && <Lines tickets={tickets} selected={selected} />}
      {filing && <NewTicket user={user} onClose={() => setFiling(false)} />}
    </section>
  );
}

const PAGE = 25;

function Everybodys({ selected }: { selected: string | undefined }) {
  const [status, setStatus] = useState<Status | "all">("all");
  const [text, setText] = useState("");
  const [first, setFirst] = useState(PAGE);
  const sought = useDeferredValue(text.trim());
  const where: TicketFilter = {
    ...(status === "all" ? {} : { status: { eq: status } }),
    ...(sought === "" ? {} : { title: { containsAnyCase: sought } }),
  };
  const { data, isLoading, error } = useTide("ticket list", AllTickets, { where, first });
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
      {isLoading && <Waiting />}
      {found?.nodes.length === 0 && (
        <Empty icon="check" title={sought === "" ? "All done" : "Nothing found"}>
          {sought === "" ? "There is no such ticket right now." : "No title has these words. New ones appear by themselves."}
        </Empty>
      )}
      {found !== undefined && <Lines tickets={found.nodes} selected={selected} />}
      {found !== undefined && found.totalCount > found.nodes.length && (
        <Button className="more" onClick={() => setFirst(first + PAGE)}>
          Show more
        </Button>
      )}
    </section>
  );
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
  // What has changed since it was last drawn is tinted for a moment.
  const known = useRef<Map<string, string>>(undefined);
  const changed = new Set<string>();
  if (known.current !== undefined) {
    for (const each of tickets) {
      if (known.current.get(each.id) !== mark(each)) changed.add(each.id);
    }
  }
  useEffect(() => {
    known.current = new Map(tickets.map((each) => [each.id, mark(each)]));
  }, [tickets]);
  return (
    <ul className="lines">
      {tickets.map((each) => (
        <li key={each.id} data-ticket={each.id} className={changed.has(each.id) ? "fresh" : undefined} data-draft={isDraft(each.id) || undefined}>
          <Link to={`/tickets/${each.id}`} className="line" current={each.id === selected}>
            <span className="line-title">{each.title}</span>
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
