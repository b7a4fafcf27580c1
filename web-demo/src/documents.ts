import { graphql } from "../build/gql";

/** Every operation of the page: graphql-codegen reads this file, and gives each its types. */

export const TicketLine = graphql(`
  fragment TicketLine on Ticket {
    id
    title
    status
    priority
    email
    assigneeEmail
    createdAt
    updatedAt
  }
`);

export const TicketWhole = graphql(`
  fragment TicketWhole on Ticket {
    ...TicketLine
    description
    author { name team }
    assignee { name }
    comments { id text internal createdAt email author { name role } }
  }
`);

export const MyTickets = graphql(`
  query MyTickets($first: Int) { myTickets(first: $first) { ...TicketLine } }
`);

export const AllTickets = graphql(`
  query AllTickets($where: TicketFilter, $first: Int) {
    allTickets(where: $where, first: $first) {
      totalCount
      nodes { ...TicketLine author { name } }
    }
  }
`);

export const CustomerTicket = graphql(`
  query CustomerTicket($id: ID!) { ticket(id: $id) { ...TicketWhole } }
`);

export const SupportTicket = graphql(`
  query SupportTicket($id: ID!) { ticket(id: $id) { ...TicketWhole internalNote } }
`);

export const People = graphql(`query People { people { email name role team } }`);
export const Announcements = graphql(`
  query Announcements { announcements { id text createdAt author { name } } }
`);

export const OpenTickets = graphql(`query OpenTickets { openTickets }`);
export const TicketsByStatus = graphql(`
  query TicketsByStatus { ticketsByStatus { status tickets oldest } }
`);
export const AverageAge = graphql(`query AverageAge { averageAge { priority tickets averageHours } }`);
export const Waiting = graphql(`subscription Waiting { ticketCount(status: Todo) }`);

export const CreateTicket = graphql(`
  mutation CreateTicket($title: String!, $description: String!, $priority: Priority) {
    createTicket(title: $title, description: $description, priority: $priority) { ...TicketLine }
  }
`);
export const SetStatus = graphql(`
  mutation SetStatus($id: ID!, $status: Status!) { setStatus(id: $id, status: $status) { id status } }
`);
export const SetPriority = graphql(`
  mutation SetPriority($id: ID!, $priority: Priority!) { setPriority(id: $id, priority: $priority) { id priority } }
`);
export const Assign = graphql(`
  mutation Assign($id: ID!, $to: String) { assign(id: $id, to: $to) { id assigneeEmail } }
`);
export const AddComment = graphql(`
  mutation AddComment($ticketId: ID!, $text: String!) { addComment(ticketId: $ticketId, text: $text) { id } }
`);
export const AddInternalComment = graphql(`
  mutation AddInternalComment($ticketId: ID!, $text: String!) {
    addInternalComment(ticketId: $ticketId, text: $text) { id }
  }
`);
export const AnswerTicket = graphql(`
  mutation AnswerTicket($id: ID!, $text: String!, $status: Status) {
    answerTicket(id: $id, text: $text, status: $status) { id status }
  }
`);
export const EscalateTicket = graphql(`
  mutation EscalateTicket($id: ID!, $reason: String!) { escalateTicket(id: $id, reason: $reason) { id priority } }
`);
export const TriageTicket = graphql(`
  mutation TriageTicket($id: ID!) {
    triageTicket(id: $id) { ticket { id priority } reason urgent words alarming }
  }
`);
export const DeleteTicket = graphql(`mutation DeleteTicket($id: ID!) { deleteTicket(id: $id) { id } }`);
export const Announce = graphql(`mutation Announce($text: String!) { announce(text: $text) { id } }`);
