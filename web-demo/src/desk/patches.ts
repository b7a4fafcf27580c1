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

/** One comment more at the end, until the gateway shows it itself. */
export function said(ticket: string, comment: Comment): readonly Change<unknown>[] {
  const add = <T extends { readonly ticket?: { readonly id: string; readonly comments: Comment[] } | null }>(data: T): T => {
    if (data.ticket == null || data.ticket.id !== ticket) return data;
    const there = data.ticket.comments.some(
      (each) => each.text === comment.text && each.email === comment.email && each.createdAt >= comment.createdAt,
    );
    return there ? data : { ...data, ticket: { ...data.ticket, comments: [...data.ticket.comments, comment] } };
  };
  return [change(SupportTicket, (data) => add(data)), change(CustomerTicket, (data) => add(data))];
}
