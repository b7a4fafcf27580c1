import { useState } from "react";
import { change } from "tidegate-client";
import type { CreateTicketMutation, Priority } from "../../build/gql/graphql";
import { CreateTicket, MyTickets } from "../documents";
import { useRoute } from "../router";
import type { User } from "../session";
import { Dialog, Field } from "../ui/Dialog";
import { PRIORITIES, PRIORITY_WORDS } from "../ui/parts";
import { useWrite } from "../writing";

interface Words {
  readonly title: string;
  readonly description: string;
  readonly priority: Priority;
}

const NONE: Words = { title: "", description: "", priority: "NORMAL" };

/** Goes away at once: the ticket stands in the list before the gateway has it. If it cannot be had it goes from there
 * again, and this comes back with every word. */
export function NewTicket({ user, onClose }: { user: User; onClose: () => void }) {
  const [words, setWords] = useState(NONE);
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [create] = useWrite("The ticket", "filed a ticket", CreateTicket, setProblem);
  const { go } = useRoute();
  const send = async (form: FormData) => {
    const title = String(form.get("title")).trim();
    const description = String(form.get("description")).trim();
    const priority = String(form.get("priority")) as Priority;
    if (title === "" || description === "") return;
    setWords({ title, description, priority });
    setProblem(undefined);
    setSending(true);
    const filed = await create({ title, description, priority }, [drafted({ title, description, priority }, user)]);
    if (filed === undefined) return setSending(false);
    onClose();
    go(`/tickets/${filed.createTicket.id}`);
  };
  if (sending) return null;
  return (
    <Dialog
      title="New ticket"
      intro="Support sees it the moment you file it."
      confirm="File the ticket"
      problem={problem === undefined ? undefined : `It could not be filed. ${problem}`}
      onClose={onClose}
      onConfirm={(form) => void send(form)}
    >
      <Field label="In one line">
        {(id) => (
          <input
            id={id}
            name="title"
            dir="auto"
            required
            maxLength={120}
            placeholder="The lift is stuck"
            autoComplete="off"
            defaultValue={words.title}
          />
        )}
      </Field>
      <Field label="What happened" hint="Words such as “down”, “lost” or “stolen” make the triage find it urgent.">
        {(id, hint) => (
          <textarea
            id={id}
            name="description"
            dir="auto"
            rows={4}
            required
            maxLength={2000}
            aria-describedby={hint}
            defaultValue={words.description}
          />
        )}
      </Field>
      <Field label="How soon">
        {(id) => (
          <select id={id} name="priority" defaultValue={words.priority}>
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

/** The ticket at the top of the list. As long as it has no number it is the one of this title that was not there. */
function drafted({ title, priority }: Words, user: User) {
  const now = new Date().toISOString();
  const draft = {
    id: `draft-${now}`,
    title,
    priority,
    status: "Todo" as const,
    email: user.email,
    assigneeEmail: null,
    createdAt: now,
    updatedAt: now,
  };
  let before: ReadonlySet<string> | undefined;
  return change(MyTickets, (data, outcome: CreateTicketMutation | undefined) => {
    before ??= new Set(data.myTickets.map((each) => each.id));
    const shown = outcome?.createTicket ?? draft;
    const known = before;
    const there = data.myTickets.some((each) =>
      outcome === undefined ? each.title === title && !known.has(each.id) : each.id === shown.id,
    );
    return there ? data : { ...data, myTickets: [shown, ...data.myTickets] };
  });
}
