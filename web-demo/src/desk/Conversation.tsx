import { type FormEvent, useId, useRef, useState } from "react";
import { AddComment, AddInternalComment, AnswerTicket } from "../documents";
import { usePart } from "../ripples";
import type { User } from "../session";
import { Icon } from "../ui/icons";
import { Ago, Button, Face } from "../ui/parts";
import { useWrite } from "../writing";
import { titled } from "./Header";
import { patched, said } from "./patches";
import type { Whole } from "./TicketDetail";

export function Conversation({ ticket, user }: { ticket: Whole; user: User }) {
  return (
    <section className="talk" aria-label={usePart("Conversation")}>
      <h2>Conversation</h2>
      <div role="log" aria-label={usePart("Messages")}>
        {ticket.comments.length === 0 && <p className="soft">Nobody has said anything yet.</p>}
        <ul>
          {ticket.comments.map((each) => (
            <li
              key={each.id}
              className={`${each.internal ? "said internal" : "said"} ${each.email === user.email ? "own" : ""}`}
              data-draft={each.id.startsWith("draft") || undefined}
            >
              <Face name={each.author?.name ?? each.email} size={30} />
              <div className="said-body">
                <p className="said-head">
                  <strong>{each.author?.name ?? each.email}</strong>
                  {each.internal && (
                    <span className="pill internal-pill">
                      <Icon name="lock" size={12} /> Internal
                    </span>
                  )}
                  <span className="soft">
                    <Ago at={each.createdAt} />
                  </span>
                </p>
                <p dir="auto">{each.text}</p>
              </div>
            </li>
          ))}
        </ul>
      </div>
      <Reply ticket={ticket} user={user} />
    </section>
  );
}

function Reply({ ticket, user }: { ticket: Whole; user: User }) {
  const helping = user.role !== "customer";
  const [internal, setInternal] = useState(false);
  const [closing, setClosing] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const field = useId();
  const [comment] = useWrite("The comment", "wrote to support", AddComment);
  const [note] = useWrite("The note", "kept a note", AddInternalComment);
  const [answer] = useWrite("The answer", "answered a ticket", AnswerTicket);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    const area = form.current?.elements.namedItem("text");
    if (!(area instanceof HTMLTextAreaElement)) return;
    const text = area.value.trim();
    if (text === "") return;
    area.value = "";
    const createdAt = new Date().toISOString();
    const author = { name: titled(user.name), role: user.role };
    const shown = said(ticket, { id: `draft-${createdAt}`, text, internal, createdAt, email: user.email, author });
    const { id } = ticket;
    let done: unknown;
    if (!helping) done = await comment({ ticketId: id, text }, shown);
    else if (internal) done = await note({ ticketId: id, text }, shown);
    else {
      const status = closing ? ("Done" as const) : ticket.status === "Todo" ? ("InProgress" as const) : null;
      const moved = status === null ? [] : patched(id, { status });
      done = await answer({ id, text, status }, [...shown, ...moved]);
    }
    // What could not be sent is not lost.
    if (done === undefined && area.value === "") area.value = text;
    else setClosing(false);
  };
  return (
    <form className={internal ? "reply internal" : "reply"} ref={form} onSubmit={(event) => void send(event)}>
      <label htmlFor={field} className="unseen">
        {internal ? "A note that the customer does not see" : helping ? "Your answer" : "Your message"}
      </label>
      <textarea
        id={field}
        name="text"
        rows={2}
        maxLength={2000}
        dir="auto"
        placeholder={internal ? "Only support sees this" : helping ? "Answer the customer" : "Write to support"}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) form.current?.requestSubmit();
        }}
      />
      <div className="reply-end">
        {helping && (
          <>
            <label className="tick">
              <input type="checkbox" checked={internal} onChange={(event) => setInternal(event.target.checked)} />
              Internal
            </label>
            {!internal && ticket.status !== "Done" && (
              <label className="tick">
                <input type="checkbox" checked={closing} onChange={(event) => setClosing(event.target.checked)} />
                and close it
              </label>
            )}
          </>
        )}
        <Button type="submit" look="main">
          {internal ? "Keep the note" : helping ? "Answer" : "Send"}
        </Button>
      </div>
    </form>
  );
}
