import { useEffect, useRef } from "react";
import type { SupportTicketQuery } from "../../build/gql/graphql";
import { CustomerTicket, SupportTicket } from "../documents";
import { usePart, useTide } from "../ripples";
import { Link } from "../router";
import type { User } from "../session";
import { Icon } from "../ui/icons";
import { Ago, Bones, Empty, Failed, PriorityPill, StatusPill } from "../ui/parts";
import { Conversation } from "./Conversation";
import { SupportTools } from "./SupportTools";
import { isDraft } from "./TicketList";

export type Whole = Omit<NonNullable<SupportTicketQuery["ticket"]>, "internalNote"> & {
  readonly internalNote?: string | null;
};

export function TicketDetail({ id, user }: { id: string | undefined; user: User }) {
  const part = usePart("Ticket");
  if (id === undefined) {
    return (
      <section className="detail nothing" aria-label={part}>
        <Empty icon="flag" title="No ticket is open">
          {user.role === "customer"
            ? "Choose one on the left, or file a new one. Answers appear here by themselves."
            : "Choose one on the left. What others do to it appears here while you look at it."}
        </Empty>
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
            <h1 ref={heading} tabIndex={-1}>
              {ticket.title}
            </h1>
            <p className="soft">
              {ticket.author?.name ?? ticket.email}
              {ticket.author?.team != null && ` · ${ticket.author.team}`} · <Ago at={ticket.createdAt} />
              {ticket.assignee != null && ` · ${ticket.assignee.name} takes care of it`}
            </p>
          </header>
          <p className="description">{ticket.description}</p>
          {user.role !== "customer" && <SupportTools ticket={ticket} user={user} />}
          <Conversation ticket={ticket} user={user} />
        </article>
      )}
    </section>
  );
}
