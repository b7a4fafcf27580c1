-- Each statement with the databases it is for. What is expected of it stands in statements.txt, as a test writes it.

-- one row by key: both
select id, title from tickets where id = {{ args.id }};

-- every column: both
select * from tickets where id = {{ args.id }};

-- the user's own, by literal too: both
select id, title from tickets where author_id = {{ currentUser.id }} and status = 'open' order by points desc;

-- one of several: both
select t.title from tickets t where t.author_id in ({{ args.id }}, 2, 3);

-- one way or another: both
select title from tickets where (author_id = 1 or author_id = {{ args.id }}) and points > 2;

-- different columns, one or another: both
select title from tickets where author_id = 1 or assignee_id = 1;

-- a list: postgres
select title from tickets where id = any({{ args.ids }});

-- a cast to the column's own type: both
select title from tickets where id = cast({{ args.id }} as integer);

-- a cast that changes the value: both
select title from tickets where title = cast({{ args.title }} as varchar(3));

-- part of a longer text: both
select title from tickets where title like '%{{ args.title }}%';

-- a text that is nothing but a hole: both
select id from people where email = '{{ currentUser.email }}';

-- an expression on the column's side: both
select title from tickets where id + 0 = {{ args.id }};

-- not equal: both
select title from tickets where not id = {{ args.id }};

-- an inner join carries a key over: both
select t.title from tickets t join people p on p.id = t.author_id where p.id = {{ currentUser.id }};

-- a join with a key in another column: both
select t.title, p.name from tickets t join people p on p.id = t.author_id where p.email = {{ currentUser.email }};

-- joined in WHERE: both
select c.body from comments c, tickets t where c.ticket_id = t.id and t.id = {{ args.id }};

-- three tables: both
select c.body from people p join tickets t on t.author_id = p.id join comments c on c.ticket_id = t.id
where p.id = {{ currentUser.id }};

-- a left join keyed from the left: both
select p.name, t.title from people p left join tickets t on t.author_id = p.id where p.id = {{ args.id }};

-- a condition of a left join holds for its right side: both
select p.name, t.title from people p left join tickets t on t.author_id = p.id and t.status = 'open' and p.team = 'red';

-- WHERE after a left join: both
select p.name from people p left join tickets t on t.author_id = p.id where t.id = {{ args.id }};

-- a full join: both
select p.name, t.title from people p full join tickets t on t.author_id = p.id and t.id = 1 and p.id = 2;

-- a full join with WHERE: both
select p.name from people p full join tickets t on t.author_id = p.id and p.id = 2 where t.id = {{ args.id }};

-- a right join: both
select p.name, t.title from people p right join tickets t on t.author_id = p.id and p.id = 1;

-- joins in parentheses: both
select p.name from people p left join (tickets t join comments c on c.ticket_id = t.id) on t.author_id = p.id
where p.id = {{ args.id }};

-- using: both
select tag from tags join comments using (ticket_id) where comments.id = {{ args.id }};

-- natural: both
select count(*) as n from tags natural join comments;

-- counted: both
select count(*) as n from tickets where author_id = {{ args.id }};

-- grouped, with HAVING: both
select author_id, sum(points) as points from tickets where status = 'open' group by author_id having count(*) > 1;

-- a window: both
select id, row_number() over (partition by author_id order by points, id) as n from tickets where status = 'open';

-- the first: both
select title from tickets where author_id = {{ args.id }} order by points desc, id limit 1 offset 1;

-- distinct: both
select distinct tag from tags where ticket_id = {{ args.id }};

-- exists: both
select p.name from people p where exists (select * from tickets t where t.author_id = p.id and t.status = 'open');

-- exists, of one: both
select p.name from people p where p.id = {{ args.id }}
and exists (select 1 from tickets t where t.author_id = p.id and t.open = true);

-- not exists: both
select p.name from people p where not exists (select 1 from tickets t where t.author_id = p.id and t.points = 3);

-- in a subquery: both
select title from tickets where author_id in (select id from people where team = {{ args.team }});

-- a scalar subquery: both
select t.title, (select count(*) from comments c where c.ticket_id = t.id) as n from tickets t where t.id = {{ args.id }};

-- a derived table: both
select x.n from (select author_id, count(*) as n from tickets where status = 'open' group by author_id) x
where x.author_id = {{ args.id }};

-- with: both
with mine as (select * from tickets where author_id = {{ currentUser.id }}) select title from mine where points > 1;

-- with, of a table's own name: both
with tickets as (select 1 as id) select id from tickets;

-- recursive: both
with recursive thread (id, parent_id) as (
    select id, parent_id from comments where id = {{ args.id }}
    union
    select c.id, c.parent_id from comments c join thread t on c.parent_id = t.id
) select id from thread;

-- numbers without a table: both
with recursive n (i) as (select 1 union all select i + 1 from n where i < 5) select i from n;

-- union: both
select id from tickets where author_id = {{ args.id }} union all select id from comments where author = {{ args.name }};

-- except: both
select id from people except select author_id from tickets where status = 'open';

-- values: both
select v.id, p.name from (values (1), (2)) as v (id) join people p on p.id = v.id;

-- lateral: postgres
select p.name, l.title from people p
cross join lateral (select t.title from tickets t where t.author_id = p.id order by t.id limit 1) l
where p.id = {{ args.id }};

-- rows compared: both
select tag from tags where (ticket_id, tag) = ({{ args.id }}, 'new');

-- a table in place of a subquery: sqlite
select name from people where id in numbers;

-- json of a text: sqlite
select value from json_each({{ args.title }});

-- json of rows: sqlite
select json_group_array(json_object('id', id, 'title', title)) as tickets from tickets where author_id = {{ args.id }};

-- json of rows as a whole: postgres
select json_agg(t) as tickets from tickets t where t.author_id = {{ args.id }};

-- a view: both
select title from open_tickets where id = {{ args.id }};

-- a view of a view: both
select tickets from busy where email = {{ args.email }};

-- a view with a function of one's own: postgres
select name from old;

-- a function of one's own: postgres
select name from people where id = oldest();

-- called like a column: postgres
select p.name from people p where p.id = (select oldest());

-- row security: postgres
select text from secrets where id = {{ args.id }};

-- the system's own tables, of PostgreSQL: postgres
select relname from pg_class where relname = 'people';

-- the system's own tables, of SQLite: sqlite
select name from sqlite_schema;

-- a table that looks like a function: sqlite
select name from pragma_table_info('people');

-- a collation of the column: sqlite
select person_id from accounts where login = {{ args.name }};

-- blanks that do not count: postgres
select n from codes where code = {{ args.name }};

-- numbers in texts: sqlite
select n from words where word = {{ args.name }};

-- a collation of the comparison: sqlite
select id from people where email = {{ args.email }} collate nocase;

-- another name for a column: both
select t.b from tickets as t (a, b) where t.a = 1;

-- a hidden column: sqlite
select title from tickets where rowid = {{ args.id }};

-- in another schema: both
select title from other.tickets where id = 1;

-- by its schema, of PostgreSQL: postgres
select title from public.tickets where id = 1;

-- by its schema, of SQLite: sqlite
select title from main.Tickets where ID = 1;

-- locked: postgres
select id from tickets where id = {{ args.id }} for update;

-- keyed by a column that a trigger sets: both
select title from posts where length = {{ args.id }};

-- inserted: both
insert into tickets (title, status, author_id) values ({{ args.title }}, 'open', {{ currentUser.id }});

-- several inserted: both
insert into tags (ticket_id, tag) values (1, 'a'), ({{ args.id }}, {{ args.name }}), (1 + 1, 'c');

-- inserted without names: both
insert into tags values ({{ args.id }}, 'x');

-- inserted from a query: both
insert into tags (ticket_id, tag) select id, title from tickets where id = {{ args.id }};

-- inserted or not: both
insert into tags (ticket_id, tag) values ({{ args.id }}, 'x') on conflict do nothing;

-- inserted or updated: both
insert into people (id, email, name) values ({{ args.id }}, {{ args.email }}, 'x')
on conflict (email) do update set name = excluded.name, team = 'red';

-- inserted or replaced: sqlite
insert or replace into people (id, email) values ({{ args.id }}, {{ args.email }});

-- replaced: sqlite
replace into people (id, email) values (5, 'ada@x');

-- a table that replaces by itself: sqlite
insert into codes (code, n) values ({{ args.name }}, 1);

-- a length that cuts off: postgres
insert into people (id, email, name) values ({{ args.id }}, {{ args.email }}, {{ args.name }});

-- updated: both
update tickets set status = 'done', points = {{ args.points }} where id = {{ args.id }};

-- updated by what it sets: both
update tickets set author_id = {{ args.other }} where author_id = {{ args.id }};

-- updated to an expression: both
update tickets set points = points + 1 where author_id = {{ args.id }} and status = 'open';

-- updated, each of them: both
update tickets set note = null;

-- updated from another table: both
update tickets set note = p.name from people p where tickets.author_id = p.id and p.id = {{ args.id }};

-- several columns at once: both
update tickets set (note, points) = ('x', {{ args.points }}) where id in (1, 2);

-- updated or replaced: sqlite
update or replace people set email = {{ args.email }} where id = {{ args.id }};

-- a key that is carried on: both
update tickets set id = {{ args.other }} where id = {{ args.id }};

-- with a trigger: both
update audited set x = {{ args.name }} where id = {{ args.id }};

-- with a trigger that sets a column: both
update posts set title = {{ args.title }} where id = {{ args.id }};

-- a column that a trigger sets again: both
update posts set length = {{ args.points }}, title = 'x' where length = {{ args.id }};

-- inserted where a trigger sets a column: both
insert into posts (id, title, length) values ({{ args.id }}, {{ args.title }}, {{ args.points }});

-- a table that replaces by itself, updated: sqlite
update codes set code = {{ args.name }} where code = {{ args.title }};

-- deleted: both
delete from tags where ticket_id = {{ args.id }} and tag = 'x';

-- deleted with what hangs on it: both
delete from tickets where id = {{ args.id }};

-- deleted by another table: postgres
delete from comments using tickets where comments.ticket_id = tickets.id and tickets.id = {{ args.id }};

-- deleted by a subquery: both
delete from tags where ticket_id in (select id from tickets where author_id = {{ args.id }});

-- merged: postgres
merge into tags using tickets on tags.ticket_id = tickets.id when matched then delete;

-- written within: postgres
with gone as (delete from tags where ticket_id = {{ args.id }} returning ticket_id)
update tickets set note = 'x' where id in (select ticket_id from gone);

-- read within, deleted: both
with old as (select id from tickets where points = 1) delete from tags where ticket_id in (select id from old);

-- with a function of one's own: postgres
update tickets set points = oldest() where id = 1;

-- a text in double quotes, and a name in backticks: mysql
select `title` from `tickets` where `status` = "open" and author_id = {{ args.id }};

-- a hole in double quotes: mysql
select id from people where email = "{{ currentUser.email }}";

-- part of a text in double quotes: mysql
select title from tickets where title like "%{{ args.title }}%";

-- or, and, as operators: mysql
select title from tickets where id = {{ args.id }} || id = 2 && points = 3;

-- or of one column, as an operator: mysql
select title from tickets where id = {{ args.id }} || id = 2;

-- equal, or both null: mysql
select title from tickets where author_id <=> {{ args.id }};

-- a number for a text: mysql
select id from people where email = 0;

-- a number in a text for a number: mysql
select title from tickets where id = '1x' or id = ' 1';

-- a collation of the column, of MySQL: mysql
select person_id from accounts where login = {{ args.name }};

-- blanks that do not count, of MySQL: mysql
select n from codes where code = {{ args.name }};

-- a collation of the comparison, of MySQL: mysql
select id from people where email = {{ args.email }} collate utf8mb4_general_ci;

-- cast to a text: mysql
select id from people where email = cast({{ args.email }} as char);

-- a comment that is none: mysql
select title /*! , (select count(*) from people) */ from tickets where id = 1;

-- two signs of minus that are no comment: mysql
select points--(select count(*) from people) as n from tickets where id = {{ args.id }};

-- a comment with a number sign: mysql
select title from tickets # of people
where id = {{ args.id }};

-- joined straight: mysql
select p.name from tickets t straight_join people p on p.id = t.author_id where t.id = {{ args.id }};

-- from nothing: mysql
select count(*) as n from dual where exists (select 1 from tickets where id = {{ args.id }});

-- rows of a text: mysql
select j.v from json_table('[1, 2]', '$[*]' columns (v int path '$')) j join people p on p.id = j.v;

-- limited in MySQL's way: mysql
select title from tickets where author_id = {{ args.id }} order by points desc, id limit 1, 2;

-- a view of a view with a function of one's own: mysql
select name from old;

-- called in MySQL: mysql
select name from people where id = oldest();

-- the whole table: mysql
table tags;

-- locked, and shared: mysql
select id from tickets where id = {{ args.id }} lock in share mode;

-- inserted, or ignored: mysql
insert ignore into tags (ticket_id, tag) values ({{ args.id }}, {{ args.name }}), ('7x', null);

-- inserted in the way of an update: mysql
insert into tags set ticket_id = {{ args.id }}, tag = 'x';

-- inserted or updated, in MySQL's way: mysql
insert into people (id, email, name) values ({{ args.id }}, {{ args.email }}, 'x')
on duplicate key update name = values(name), team = 'red';

-- replaced, in MySQL's way: mysql
replace into people (id, email) values ({{ args.id }}, {{ args.email }});

-- counted up by nothing: mysql
insert into tickets (id, title, status) values (0, 'x', 'open'), (null, 'y', 'done');

-- a label by its place: mysql
update tickets set status = 2 where id = {{ args.id }};

-- a label that is a place: mysql
update tickets set status = '2' where id = {{ args.id }};

-- set twice: mysql
update tickets set points = 1, points = {{ args.points }} where id = {{ args.id }};

-- updated by another name: mysql
update tickets as t set t.note = 'x', t.author_id = {{ args.other }} where t.author_id = {{ args.id }};

-- two tables updated: mysql
update tickets t join people p on p.id = t.author_id set t.note = 'x', p.team = {{ args.team }} where t.id = {{ args.id }};

-- one of two tables updated: mysql
update tickets t, people p set p.team = 'red' where p.id = t.author_id and t.id = {{ args.id }};

-- updated, the first of them: mysql
update tickets set note = 'x' where author_id = {{ args.id }} order by id limit 1;

-- a blank too many: mysql
update codes set code = 'ab ' where code = {{ args.name }};

-- two tables deleted from: mysql
delete t, g from tickets t join tags g on g.ticket_id = t.id where t.author_id = {{ args.id }};

-- deleted from the second: mysql
delete g from tickets t join tags g on g.ticket_id = t.id where t.id = {{ args.id }};

-- deleted by a join: mysql
delete from tags using tags join tickets t on t.id = tags.ticket_id where t.author_id = {{ args.id }};

-- deleted, and told: mysql
delete from tags where ticket_id = {{ args.id }} returning tag;

-- with a function of one's own, in MySQL: mysql
update tickets set points = oldest() where id = 1;
