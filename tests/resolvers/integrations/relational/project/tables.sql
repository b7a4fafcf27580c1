create table people (id integer primary key, name text not null, team text, salary integer);
create table tasks (
    id {serial}, title text, kind text, points integer, weight double precision, price numeric,
    big bigint, done boolean, due date, happened_at {moment}, clock {time}, token {uuid}, data {json}, bytes {bytes},
    tags {tags}, owner_id integer references people (id), note text
);
create table seats ("row" integer, letter text, taken text not null, primary key ("row", letter));
create table loose (id integer primary key, title text, kind text, points bigint);
insert into people values (1, 'Ada', 'red', 10), (2, 'Bob', 'blue', 20), (3, 'Cyd', null, 30);
