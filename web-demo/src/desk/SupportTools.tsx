import { useRef, useState } from "react";
import { useQuery } from "urql";
import type { PeopleQuery, Priority, Status, TriageTicketMutation } from "../../build/gql/graphql";
import { Assign, DeleteTicket, EscalateTicket, People, SetPriority, SetStatus, TriageTicket } from "../documents";
import { usePart } from "../ripples";
import { useRoute } from "../router";
import type { User } from "../session";
import { Dialog, Field } from "../ui/Dialog";
import { Icon } from "../ui/icons";
import { Button, PRIORITIES, PRIORITY_WORDS, STATUS_WORDS, STATUSES } from "../ui/parts";
import { useWrite } from "../writing";
import { useNotices } from "./notices";
import { patched } from "./patches";
import type { Whole } from "./TicketDetail";

type Outcome = TriageTicketMutation["triageTicket"];

export function SupportTools({ ticket, user }: { ticket: Whole; user: User }) {
  const { id } = ticket;
  const [setStatus] = useWrite("The status", "moved a ticket", SetStatus);
  const [setPriority] = useWrite("The priority", "changed a priority", SetPriority);
  const [assign] = useWrite("The assignment", "assigned a ticket", Assign);
  const [triage, triaging] = useWrite("The triage", "triaged a ticket", TriageTicket);
  const [outcome, setOutcome] = useState<Outcome>();
  const tools = useRef<HTMLElement>(null);
  const [asking, setAsking] = useState<"escalate" | "delete">();
  // Not live, and so by urql over HTTP: who works here does not change while one looks.
  const [{ data: people }] = useQuery<PeopleQuery>({ query: People.toString() });
  const helpers = people?.people.filter((each) => each.role !== "customer") ?? [];
  return (
    <section className="tools" ref={tools} aria-label={usePart("What support can do")}>
      <div className="tools-row">
        <fieldset className="segments">
          <legend className="unseen">Status of the ticket</legend>
          {STATUSES.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={ticket.status === each}
              onClick={() => void setStatus({ id, status: each as Status }, patched(id, { status: each }))}
            >
              {STATUS_WORDS[each]}
            </button>
          ))}
        </fieldset>
        <label className="inline">
          <span>Priority</span>
          <select
            value={ticket.priority}
            onChange={(event) => {
              const priority = event.target.value as Priority;
              void setPriority({ id, priority }, patched(id, { priority }));
            }}
          >
            {PRIORITIES.map((each) => (
              <option key={each} value={each}>
                {PRIORITY_WORDS[each]}
              </option>
            ))}
          </select>
        </label>
        <label className="inline">
          <span>Assignee</span>
          <select
            value={ticket.assigneeEmail ?? ""}
            onChange={(event) => {
              const to = event.target.value === "" ? null : event.target.value;
              void assign({ id, to }, patched(id, { assigneeEmail: to }));
            }}
          >
            <option value="">Nobody</option>
            {helpers.map((each) => (
              <option key={each.email} value={each.email}>
                {each.name}
              </option>
            ))}
            {ticket.assigneeEmail != null && !helpers.some((each) => each.email === ticket.assigneeEmail) && (
              <option value={ticket.assigneeEmail}>{ticket.assignee?.name ?? ticket.assigneeEmail}</option>
            )}
          </select>
        </label>
      </div>
      <div className="tools-row">
        <Button
          icon="spark"
          className="triage"
          busy={triaging}
          onClick={() => void triage({ id }).then((done) => done && setOutcome(done.triageTicket))}
        >
          Triage
        </Button>
        <Button icon="flag" onClick={() => setAsking("escalate")}>
          Escalate
        </Button>
        {user.role === "admin" && (
          <Button icon="bin" className="grave" onClick={() => setAsking("delete")}>
            Delete
          </Button>
        )}
      </div>
      {ticket.internalNote != null && (
        <p className="note">
          <Icon name="lock" size={14} /> {ticket.internalNote}
        </p>
      )}
      <div role="status" aria-live="polite">
        {outcome !== undefined && (
          <Triaged
            outcome={outcome}
            onClose={() => {
              setOutcome(undefined);
              tools.current?.querySelector<HTMLElement>(".triage")?.focus();
            }}
          />
        )}
      </div>
      {asking === "escalate" && <Escalating ticket={ticket} onClose={() => setAsking(undefined)} />}
      {asking === "delete" && <Deleting ticket={ticket} onClose={() => setAsking(undefined)} />}
    </section>
  );
}

/** What each step of the function gave. */
function Triaged({ outcome, onClose }: { outcome: Outcome; onClose: () => void }) {
  const words = outcome.alarming ?? [];
  return (
    <div className={outcome.urgent ? "triaged urgent" : "triaged"}>
      <header>
        <h2>{outcome.urgent ? "This cannot wait" : "This can wait its turn"}</h2>
        <Button look="quiet" icon="close" aria-label="Put the triage away" onClick={onClose} />
      </header>
      <ol>
        <li>
          <span className="step">JavaScript</span>
          {outcome.words == null
            ? "could not read it."
            : `read ${outcome.words} different words${words.length > 0 ? `, and stopped at “${words.join("”, “")}”` : ", none of them alarming"}.`}
        </li>
        <li>
          <span className="step">Python</span>
          {outcome.reason}
        </li>
        <li>
          <span className="step">Database</span>
          Priority is {PRIORITY_WORDS[outcome.ticket.priority].toLowerCase()} now.
        </li>
        <li>
          <span className="step">Event</span>
          {outcome.urgent ? "Everybody of the support has been told." : "Nobody was disturbed."}
        </li>
      </ol>
    </div>
  );
}

function Escalating({ ticket, onClose }: { ticket: Whole; onClose: () => void }) {
  const [escalate, busy] = useWrite("The escalation", "escalated a ticket", EscalateTicket);
  const send = async (form: FormData) => {
    const reason = String(form.get("reason")).trim();
    if (reason === "") return;
    const done = await escalate({ id: ticket.id, reason }, patched(ticket.id, { priority: "URGENT" }));
    if (done !== undefined) onClose();
  };
  return (
    <Dialog
      title="Escalate this ticket"
      intro="It becomes urgent, and a banner appears for everybody of the support and the admins."
      confirm="Escalate"
      busy={busy}
      onClose={onClose}
      onConfirm={(form) => void send(form)}
    >
      <Field label="Why it cannot wait" hint="Kept as an internal note.">
        {(id, hint) => <textarea id={id} name="reason" dir="auto" rows={2} required maxLength={300} aria-describedby={hint} />}
      </Field>
    </Dialog>
  );
}

function Deleting({ ticket, onClose }: { ticket: Whole; onClose: () => void }) {
  const [remove, busy] = useWrite("The deletion", "deleted a ticket", DeleteTicket);
  const { go } = useRoute();
  const { say } = useNotices();
  const send = async () => {
    if ((await remove({ id: ticket.id })) === undefined) return;
    onClose();
    go("/");
    say({ kind: "good", title: "The ticket is deleted." });
  };
  return (
    <Dialog
      title="Delete this ticket?"
      intro={`“${ticket.title}” and everything said on it will be gone for good, here and on every other screen.`}
      confirm="Delete it"
      danger
      busy={busy}
      onClose={onClose}
      onConfirm={() => void send()}
    />
  );
}
