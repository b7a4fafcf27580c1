import { useRef } from "react";
import { change } from "tidegate-client";
import type { CreateTicketMutation, Priority } from "../../build/gql/graphql";
import { CreateTicket, MyTickets } from "../documents";
import { useRoute } from "../router";
import type { User } from "../session";
import { Dialog, Field } from "../ui/Dialog";
import { PRIORITIES, PRIORITY_WORDS } from "../ui/parts";
import { useWrite } from "../writing";

/** Closes at once: the ticket stands in the list before the gateway has it, and goes again if it cannot be had. */
export function NewTicket({ user, onClose }: { user: User; onClose: () => void }) {
  const [create] = useWrite("The ticket", "filed a ticket", CreateTicket);
  const { go } = useRoute();
  const drafts = useRef(0);
  const send = async (form: FormData) => {
    const title = String(form.get("title")).trim();
    const description = String(form.get("description")).trim();
    const priority = String(form.get("priority")) as Priority;
    if (title === "" || description === "") return;
    onClose();
    drafts.current += 1;
    const now = new Date().toISOString();
    const draft = {
      id: `draft-${drafts.current}-${now}`,
      title,
      priority,
      status: "Todo" as const,
      email: user.email,
      assigneeEmail: null,
      createdAt: now,
      updatedAt: now,
    };
    const filed = await create({ title, description, priority }, [
      change(MyTickets, (data, outcome: CreateTicketMutation | undefined) => {
        const shown = outcome?.createTicket ?? draft;
        const there = data.myTickets.some((each) =>
          outcome === undefined ? each.title === title && each.createdAt >= now : each.id === shown.id,
        );
        return there ? data : { ...data, myTickets: [shown, ...data.myTickets] };
      }),
    ]);
    if (filed !== undefined) go(`/tickets/${filed.createTicket.id}`);
  };
  return (
    <Dialog
      title="New ticket"
      intro="Support sees it the moment you file it."
      confirm="File the ticket"
      onClose={onClose}
      onConfirm={(form) => void send(form)}
    >
      <Field label="In one line">
        {(id) => <input id={id} name="title" required maxLength={120} placeholder="The lift is stuck" autoComplete="off" />}
      </Field>
      <Field label="What happened" hint="Words such as “down”, “lost” or “stolen” make the triage find it urgent.">
        {(id, hint) => (
          <textarea id={id} name="description" rows={4} required maxLength={2000} aria-describedby={hint} />
        )}
      </Field>
      <Field label="How soon">
        {(id) => (
          <select id={id} name="priority" defaultValue="NORMAL">
            {PRIORITIES.map((each) => (
              <option key={each} value={each}>
                {PRIORITY_WORDS[each]}
              </option>
            ))}
          </select>
        )}
      </Field>
    </Dialog>
  );
}
