import { useEffect, useRef, useState } from "react";
import { useStatus } from "tidegate-client/react";
import { useBell } from "../ripples";
import { Link, useRoute } from "../router";
import type { User } from "../session";
import { Icon } from "../ui/icons";
import { Button } from "../ui/parts";

interface Escalation {
  readonly id: string;
  readonly title: string;
}

/** A short interruption is nobody's business. */
const PATIENCE = 600;

export function Banners({ user, onSignOut }: { user: User; onSignOut: () => void }) {
  const [escalated, setEscalated] = useState<readonly Escalation[]>([]);
  const drop = (id: string) => setEscalated((all) => all.filter((each) => each.id !== id));
  // `emitRole`: everybody of this role hears it.
  useBell("ticketEscalated", (ticket) => {
    setEscalated((all) => [ticket, ...all.filter((each) => each.id !== ticket.id)].slice(0, 3));
  });
  return (
    <div className="banners">
      <ConnectionBanner onSignOut={onSignOut} />
      <div role="alert">
        {user.role !== "customer" &&
          escalated.map((each) => (
            <div key={each.id} className="banner escalated">
              <Icon name="flag" />
              <p>
                <strong>Escalated</strong> <Link to={`/tickets/${each.id}`}>
                  <bdi>{each.title}</bdi>
                </Link>
              </p>
              <Button look="quiet" icon="close" aria-label={`Put away: ${each.title}`} onClick={() => drop(each.id)} />
            </div>
          ))}
      </div>
    </div>
  );
}

/** Whether the gateway serves another page than this one by now: it may have another API, too. */
async function isOutdated(): Promise<boolean> {
  const own = document.querySelector("script[type=module][src]")?.getAttribute("src");
  const answer = await fetch("/", { headers: { accept: "text/html" }, cache: "no-cache" });
  return own != null && answer.ok && !(await answer.text()).includes(own);
}

/** Says that the connection is lost once it is for a while, and that it is back. */
function ConnectionBanner({ onSignOut }: { onSignOut: () => void }) {
  const status = useStatus();
  const { isPage } = useRoute();
  const [shown, setShown] = useState<"lost" | "back" | undefined>();
  const [outdated, setOutdated] = useState(false);
  const lost = useRef(false);
  useEffect(() => {
    if (status === "waiting") {
      const timer = setTimeout(() => {
        lost.current = true;
        setShown("lost");
      }, PATIENCE);
      return () => clearTimeout(timer);
    }
    if (status === "open" && lost.current) {
      lost.current = false;
      setShown("back");
      if (isPage) void isOutdated().then(setOutdated, () => undefined);
      const timer = setTimeout(() => setShown(undefined), 4000);
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [status, isPage]);
  return (
    <div role="status" aria-live="polite">
      {status === "signedOut" ? (
        <div className="banner lost">
          <Icon name="lock" />
          <p>You have been signed out.</p>
          <Button onClick={onSignOut}>Sign in again</Button>
        </div>
      ) : outdated ? (
        <div className="banner back">
          <Icon name="spark" />
          <p>
            <strong>There is a newer version of this page.</strong> What you see goes on; load it again when it suits you.
          </p>
          <Button onClick={() => location.reload()}>Load it again</Button>
        </div>
      ) : shown === "lost" ? (
        <div className="banner lost">
          <span className="spinner" aria-hidden="true" />
          <p>
            <strong>The connection is lost.</strong> Trying again. What you see is as it was.
          </p>
        </div>
      ) : shown === "back" ? (
        <div className="banner back">
          <Icon name="check" />
          <p>
            <strong>Back.</strong> Everything here is up to date.
          </p>
        </div>
      ) : null}
    </div>
  );
}
