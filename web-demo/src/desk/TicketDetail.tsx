import { useEffect, useRef } from "react";
import type { SupportTicketQuery } from "../../build/gql/graphql";
import { CustomerTicket, SupportTicket } from "../documents";
import { usePart, useTide } from "../ripples";
import { Link, useTitle } from "../router";
import type { User } from "../session";
import { Icon } from "../ui/icons";
import { Ago, Bones, Empty, Failed, PriorityPill, StatusPill } from "../ui/parts";
import { Conversation } from "./Conversation";
import { SupportTools } from "./SupportTools";
import { titled } from "./Header";
import { isDraft } from "./TicketList";

export type Whole = Omit<NonNullable<SupportTicketQuery["ticket"]>, "internalNote"> & {
  readonly internalNote?: string | null;
};

const FIRST_STEPS: Record<User["role"], readonly string[]> = {
  customer: [
    "File a ticket: it stands in the list before the server has answered.",
    "Open a second tab as Sam. It is there, too, and nobody has loaded anything again.",
    "Let Sam answer it, and stay here: a toast says so.",
  ],
  support: [
    "Open a ticket and triage it: JavaScript reads it, Python judges it, on the server.",
    "Answer it or move it. Its customer sees that while you do it.",
    "Escalate it: a banner for everybody of the support, whatever they look at.",
    "Open the dashboard in another tab, and watch the numbers.",
  ],
  admin: [
    "Announce something: everybody’s bell rings.",
    "Delete a ticket, and it goes from every screen.",
    "Open the dashboard in another tab, and watch the numbers.",
  ],
};

export function TicketDetail({ id, user }: { id: string | undefined; user: User }) {
  const part = usePart("Ticket");
  if (id === undefined) {
    return (
      <section className="detail nothing" aria-label={part}>
        <div className="first">
          <h2>What to try here</h2>
          <ol>
            {FIRST_STEPS[user.role].map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ol>
          <p className="soft">
            Or <a href="/side-by-side">see three people side by side</a>, with the milliseconds.
          </p>
        </div>
      </section>
    );
  }
  return <Detail id={id} user={user} />;
}

function Detail({ id, user }: { id: string; user: User }) {
  // Support's own note cannot even be asked for by customers, so there are two documents.
  const document = user.role === "customer" ? CustomerTicket : SupportTicket;
  const { data, isLoading, error } = useTide<{ ticket?: Whole | null }, { id: string }>("open ticket", document, { id }, { pause: isDraft(id) });
  const ticket = data?.ticket;
  useTitle(titled(user.name), ticket?.title ?? "Tickets");
  const heading = useRef<HTMLHeadingElement>(null);
  const there = ticket != null;
  useEffect(() => {
    if (there) heading.current?.focus({ preventScroll: true });
  }, [there]);
  return (
    <section className="detail" aria-label={usePart("Ticket")}>
      <Link to="/" className="back-link">
        <Icon name="back" /> All tickets
      </Link>
      {isLoading || isDraft(id) ? (
        <Bones lines={[60, 30, 90, 85, 40]} label="Loading the ticket" />
      ) : error !== undefined && ticket == null ? (
        <Failed what="The ticket" message={error.message} />
      ) : ticket == null ? (
        <Empty icon="bin" title="This ticket is gone">
          It was deleted, or it is somebody else’s.
        </Empty>
      ) : (
        <article>
          <header className="detail-head">
            <div className="detail-facts">
              <span className="soft">#{ticket.id}</span>
              <StatusPill status={ticket.status} />
              <PriorityPill priority={ticket.priority} always />
            </div>
            <h1 ref={heading} tabIndex={-1} dir="auto">
              {ticket.title}
            </h1>
            <p className="soft">
              {ticket.author?.name ?? ticket.email}
              {ticket.author?.team != null && ` · ${ticket.author.team}`} · <Ago at={ticket.createdAt} />
              {ticket.assignee != null && ` · ${ticket.assignee.name} takes care of it`}
            </p>
          </header>
          <p className="description" dir="auto">{ticket.description}</p>
          {user.role !== "customer" && <SupportTools ticket={ticket} user={user} />}
          <Conversation ticket={ticket} user={user} />
        </article>
      )}
    </section>
  );
}
