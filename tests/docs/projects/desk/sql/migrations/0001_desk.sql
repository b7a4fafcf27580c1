create table users (id integer primary key, email text not null, name text not null);
create table tickets (
  id integer primary key,
  title text not null,
  status text not null default 'Todo',
  priority text not null default 'NORMAL',
  size integer,
  email text not null,
  note text,
  created_at text not null default '2026-11-01T08:00:00Z'
);
insert into users (email, name) values ('ada@acme.example', 'Ada'), ('sam@desk.example', 'Sam');
insert into tickets (title, email) values ('The printer is on fire again!', 'ada@acme.example');
