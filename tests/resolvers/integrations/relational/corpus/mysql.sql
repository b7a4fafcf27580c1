create table people (
    id integer primary key, email varchar(200) not null unique, name varchar(20), team varchar(200), age integer
);
create table tickets (
    id integer auto_increment primary key, title text not null, status enum('open', 'done') not null,
    author_id integer, assignee_id integer, points integer, open boolean, note varchar(200) default 'none',
    twice integer generated always as (points * 2) stored,
    foreign key (author_id) references people (id) on delete cascade,
    foreign key (assignee_id) references people (id) on delete set null
);
create table comments (
    id integer primary key, ticket_id integer not null, author varchar(200), body text, parent_id integer,
    foreign key (ticket_id) references tickets (id) on delete cascade on update cascade,
    foreign key (parent_id) references comments (id) on delete cascade
);
create table tags (ticket_id integer, tag varchar(200), primary key (ticket_id, tag));
create table accounts (login varchar(200) collate utf8mb4_general_ci primary key, person_id integer);
create table codes (code char(3) collate utf8mb4_bin primary key, n integer);
create table audited (id integer primary key, x varchar(200));
create table log (text varchar(200));
create trigger audited_log after update on audited for each row insert into log values (new.x);
create table posts (id integer primary key, title varchar(200), length integer);
create trigger posts_length before insert on posts for each row set new.length = length(new.title);
create trigger posts_length_again before update on posts for each row set new.length = length(new.title);
create function oldest() returns integer reads sql data return (select min(id) from people);
create view open_tickets as
    select t.id, t.title, t.points, p.email from tickets t join people p on p.id = t.author_id where t.status = 'open';
create view busy as select email, count(*) as tickets from open_tickets group by email;
create view old as select * from people where id = oldest();
