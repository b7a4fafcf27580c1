create table tickets (
    id SERIAL, team text, status text not null check (status in ('Todo', 'Done')), points integer,
    twice integer generated always as (points * 2) stored, open boolean, token uuid
);
create table seats ("row" integer, letter text, taken text not null, primary key ("row", letter));
create table pairs (one integer, other integer, team text);
insert into pairs values (1, 1, 'red'), (1, 2, 'blue');
create table old (id integer primary key, team text);
insert into old values (1, 'red');
