import { useState } from "react";
import { Announce, Announcements } from "../documents";
import { useBell, useTide } from "../ripples";
import type { User } from "../session";
import { Dialog, Field } from "../ui/Dialog";
import { Ago, Button } from "../ui/parts";
import { useWrite } from "../writing";
import { Menu } from "./Header";
import { useNotices } from "./notices";

/** `emitAll` rings it; the list is a live query, so what was said while nobody was here is in it too. */
export function Bell({ user }: { user: User }) {
  const { data, isLoading } = useTide("announcements", Announcements);
  const [fresh, setFresh] = useState(0);
  const [newest, setNewest] = useState("");
  const [writing, setWriting] = useState(false);
  useBell("announced", ({ text }) => {
    setFresh((count) => count + 1);
    setNewest(text);
  });
  const all = data?.announcements ?? [];
  return (
    <>
      <span className="unseen" role="status">
        {fresh > 0 ? `A new announcement: ${newest}` : ""}
      </span>
      <Menu label="Announcements" icon="bell" badge={fresh} onOpen={() => setFresh(0)}>
        <div className="bell-head">
          <h2>Announcements</h2>
          {user.role === "admin" && (
            <Button icon="horn" onClick={() => setWriting(true)}>
              Announce
            </Button>
          )}
        </div>
        {!isLoading && all.length === 0 && <p className="soft">Nothing has been announced yet.</p>}
        <ul className="bell-list">
          {all.map((each) => (
            <li key={each.id}>
              <p dir="auto">{each.text}</p>
              <span className="soft">
                {each.author?.name ?? "Somebody"} · <Ago at={each.createdAt} />
              </span>
            </li>
          ))}
        </ul>
      </Menu>
      {writing && <Announcing onClose={() => setWriting(false)} />}
    </>
  );
}

export function Announcing({ onClose }: { onClose: () => void }) {
  const [announce, busy] = useWrite("The announcement", "told everybody", Announce);
  const { say } = useNotices();
  const send = async (form: FormData) => {
    const text = String(form.get("text")).trim();
    if (text === "") return;
    if ((await announce({ text })) !== undefined) {
      say({ kind: "good", title: "Everybody has been told." });
      onClose();
    }
  };
  return (
    <Dialog
      title="Announce something"
      intro="Rings the bell of everybody who is signed in, and is kept for the others."
      confirm="Tell everybody"
      busy={busy}
      onClose={onClose}
      onConfirm={(form) => void send(form)}
    >
      <Field label="What everybody should know">
        {(id) => <textarea id={id} name="text" dir="auto" rows={3} required maxLength={300} />}
      </Field>
    </Dialog>
  );
}
