import { TidegateProvider } from "tidegate-client/react";
import { Provider } from "urql";
import { useRoute, useTitle } from "../router";
import type { Session, User } from "../session";
import { Banners } from "./Banners";
import { Dashboard } from "./Dashboard";
import { Header, titled } from "./Header";
import { NoticeProvider } from "./notices";
import { TicketDetail } from "./TicketDetail";
import { TicketList } from "./TicketList";
import { Toaster } from "./Toaster";

interface DeskProps {
  readonly session: Session;
  readonly bare?: boolean;
  onSignOut(): void;
}

/** The whole product for one user, in a page or in a pane: how it looks follows from how wide it is. */
export function Desk({ session, bare = false, onSignOut }: DeskProps) {
  return (
    <TidegateProvider connection={session.connection}>
      <Provider value={session.client}>
        <div className="desk" data-user={session.user.name}>
          <NoticeProvider>
            <Toaster user={session.user} />
            <Header user={session.user} bare={bare} onSignOut={onSignOut} />
            <Banners user={session.user} onSignOut={onSignOut} />
            <Pages user={session.user} bare={bare} />
          </NoticeProvider>
        </div>
      </Provider>
    </TidegateProvider>
  );
}

/** `bare`: there are others in the page, and it has one main part of its own. */
function Pages({ user, bare }: { user: User; bare: boolean }) {
  const { path } = useRoute();
  const id = /^\/tickets\/([^/]+)$/.exec(path)?.[1];
  useTitle(titled(user.name), id !== undefined ? null : path === "/dashboard" ? "Dashboard" : "Tickets");
  if (path === "/dashboard" && user.role !== "customer") return <Dashboard user={user} part={bare ? "div" : "main"} />;
  const Part = bare ? "div" : "main";
  return (
    <Part className="tickets" data-open={id !== undefined || undefined}>
      <TicketList user={user} selected={id} />
      <TicketDetail key={id ?? ""} id={id} user={user} />
    </Part>
  );
}
