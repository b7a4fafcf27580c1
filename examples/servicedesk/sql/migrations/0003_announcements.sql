create table announcements (
    id integer primary key,
    email text not null references users (email),
    body text not null,
    created_at timestamp not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

create index announcements_by_time on announcements (created_at);
