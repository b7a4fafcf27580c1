create table people (id integer primary key, email text not null unique, name text, team text, age integer);
create table tickets (
    id integer primary key, title text not null, status text not null,
    author_id integer references people (id) on delete cascade,
    assignee_id integer references people (id) on delete set null,
    points integer, open boolean, note text default 'none', twice integer generated always as (points * 2) virtual
);
create table comments (
    id integer primary key, ticket_id integer not null references tickets (id) on delete cascade on update cascade,
    author text, body text, parent_id integer references comments (id) on delete cascade
);
create table tags (ticket_id integer, tag text, primary key (ticket_id, tag)) without rowid;
create table accounts (login text collate nocase primary key, person_id integer);
create table codes (code text primary key on conflict replace, n integer);
create table words (word string, n integer);
create table audited (id integer primary key, x text);
create table log (text text);
create trigger audited_log after update on audited begin insert into log values (new.x); end;
create table posts (id integer primary key, title text, length integer);
create trigger posts_length after update of title on posts
begin update posts set length = length(new.title) where id = new.id; end;
create view open_tickets as
    select t.id, t.title, t.points, p.email from tickets t join people p on p.id = t.author_id where t.status = 'open';
create view busy as select email, count(*) as tickets from open_tickets group by email;
