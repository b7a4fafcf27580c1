create table orders (id bigint primary key auto_increment, customer_id bigint not null, total decimal(10, 2) not null);
