import type { User } from "../session";
import { useBell } from "../ripples";
import { useNotices } from "./notices";

/** `emitUsers`: what concerns this user alone, wherever in the page they are. */
export function Toaster({ user }: { user: User }) {
  const { say } = useNotices();
  useBell("ticketAnswered", ({ id, title, text }) => {
    if (user.role === "customer") say({ kind: "news", title: `An answer to “${title}”`, text, to: `/tickets/${id}` });
  });
  return null;
}
