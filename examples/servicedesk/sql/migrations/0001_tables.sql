create table users (
    id integer primary key,
    email text not null unique,
    name text not null,
    role text not null check (role in ('customer', 'support', 'admin')),
    team text
);

create table tickets (
    id integer primary key,
    title text not null,
    description text not null,
    status text not null default 'Todo' check (status in ('Todo', 'InProgress', 'Done')),
    priority text not null default 'NORMAL' check (priority in ('LOW', 'NORMAL', 'HIGH', 'URGENT')),
    email text not null references users (email),
    assignee_email text references users (email),
    internal_note text,
    created_at timestamp not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at timestamp not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

create index tickets_by_email on tickets (email, created_at);
create index tickets_by_status on tickets (status);

create table comments (
    id integer primary key,
    ticket_id integer not null references tickets (id) on delete cascade,
    email text not null references users (email),
    body text not null,
    internal boolean not null default false,
    created_at timestamp not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

create index comments_by_ticket on comments (ticket_id, created_at);

create view ticket_ages as
select id, status, priority, (julianday('now') - julianday(created_at)) * 24.0 as hours
from tickets;

create trigger tickets_changed after update on tickets
when new.updated_at = old.updated_at
begin
    update tickets set updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') where id = new.id;
end;
