import { change, type Change } from "tidegate-client";
import type { TicketLineFragment } from "../../build/gql/graphql";
import { AllTickets, CustomerTicket, SupportTicket } from "../documents";
import type { Whole } from "./TicketDetail";

/** The fields of one ticket, wherever it is shown. */
export function patched(id: string, fields: Partial<TicketLineFragment>): readonly Change<unknown>[] {
  const touch = <T extends { readonly id: string }>(ticket: T): T => (ticket.id === id ? { ...ticket, ...fields } : ticket);
  return [
    change(AllTickets, (data) => ({
      ...data,
      allTickets: { ...data.allTickets, nodes: data.allTickets.nodes.map(touch) },
    })),
    change(SupportTicket, (data) => ({ ...data, ticket: data.ticket == null ? data.ticket : touch(data.ticket) })),
  ];
}

type Comment = Whole["comments"][number];

/** One comment more at the end, until the gateway shows it itself: by this author, with this text, and none of those
 * that were there before. */
export function said(ticket: Whole, comment: Comment): readonly Change<unknown>[] {
  const before = new Set(ticket.comments.map((each) => each.id));
  const add = <T extends { readonly ticket?: { readonly id: string; readonly comments: Comment[] } | null }>(data: T): T => {
    if (data.ticket == null || data.ticket.id !== ticket.id) return data;
    const there = data.ticket.comments.some(
      (each) => !before.has(each.id) && each.text === comment.text && each.email === comment.email,
    );
    return there ? data : { ...data, ticket: { ...data.ticket, comments: [...data.ticket.comments, comment] } };
  };
  return [change(SupportTicket, (data) => add(data)), change(CustomerTicket, (data) => add(data))];
}
