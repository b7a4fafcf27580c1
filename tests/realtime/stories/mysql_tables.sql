-- The service desk's tables as MySQL has them, with its own collation: most texts fold.
create table users (
    id bigint auto_increment primary key,
    email varchar(200) not null unique,
    name text not null,
    role varchar(20) not null check (role in ('customer', 'support', 'admin')),
    team varchar(100)
);

create table tickets (
    id bigint auto_increment primary key,
    title varchar(200) not null,
    description mediumtext not null,
    status varchar(20) not null default 'Todo' check (status in ('Todo', 'InProgress', 'Done')),
    priority varchar(20) not null default 'NORMAL' check (priority in ('LOW', 'NORMAL', 'HIGH', 'URGENT')),
    email varchar(200) not null,
    assignee_email varchar(200),
    internal_note text,
    created_at datetime(3) not null default current_timestamp(3),
    updated_at datetime(3) not null default current_timestamp(3) on update current_timestamp(3),
    foreign key (email) references users (email),
    foreign key (assignee_email) references users (email),
    key tickets_by_status (status)
);

create table comments (
    id bigint auto_increment primary key,
    ticket_id bigint not null,
    email varchar(200) not null,
    body text not null,
    internal boolean not null default false,
    created_at datetime(3) not null default current_timestamp(3),
    foreign key (ticket_id) references tickets (id) on delete cascade,
    foreign key (email) references users (email)
);
