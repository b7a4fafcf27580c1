insert into users (email, name, role, team) values
    ('ada@acme.example', 'Ada', 'customer', 'acme'),
    ('alan@acme.example', 'Alan', 'customer', 'acme'),
    ('grace@globex.example', 'Grace', 'customer', 'globex'),
    ('sam@desk.example', 'Sam', 'support', null),
    ('sue@desk.example', 'Sue', 'support', null),
    ('kim@desk.example', 'Kim', 'admin', null);

insert into tickets (title, description, status, priority, email, assignee_email, internal_note, created_at, updated_at) values
    ('The printer is on fire', 'Third floor, beside the lift.', 'InProgress', 'URGENT', 'ada@acme.example', 'sam@desk.example', 'Again. Bring water.', '2026-11-02 08:30:00.000', '2026-11-02 08:31:00.000'),
    ('New laptop for a new colleague', 'She starts on the first of December.', 'Todo', 'NORMAL', 'ada@acme.example', null, null, '2026-11-03 09:00:00.000', '2026-11-03 09:00:00.000'),
    ('I forgot my password', 'It was a very good one.', 'Done', 'LOW', 'ada@acme.example', 'sue@desk.example', null, '2026-11-04 10:15:00.000', '2026-11-04 10:20:00.000'),
    ('VPN drops every hour', 'Always at ten past.', 'Todo', 'HIGH', 'alan@acme.example', 'sam@desk.example', 'Looks like the old router.', '2026-11-05 07:45:00.000', '2026-11-05 07:45:00.000'),
    ('Invoice 1042 is wrong', 'We ordered 3 chairs and paid for 30.', 'InProgress', 'HIGH', 'grace@globex.example', 'sue@desk.example', 'Refund agreed with accounting.', '2026-11-06 12:00:00.000', '2026-11-07 08:00:00.000'),
    ('Printer out of paper', '100% empty since Monday.', 'Todo', 'LOW', 'grace@globex.example', null, null, '2026-11-09 08:05:00.000', '2026-11-09 08:05:00.000'),
    ('Door badge does not open lab_2', 'It opens lab 1.', 'Todo', 'NORMAL', 'grace@globex.example', null, null, '2026-11-10 16:40:00.000', '2026-11-10 16:40:00.000');

insert into comments (ticket_id, email, body, internal, created_at) values
    (1, 'sam@desk.example', 'Please stay away from it. We are on our way.', false, '2026-11-02 08:32:00.000'),
    (1, 'ada@acme.example', 'It is out now, but it smells.', false, '2026-11-02 08:50:00.000'),
    (1, 'sam@desk.example', 'Order a new one, charge it to facilities.', true, '2026-11-02 09:05:00.000'),
    (3, 'sue@desk.example', 'You have a new one in your letter box.', false, '2026-11-04 10:20:00.000'),
    (4, 'alan@acme.example', 'It happened again at 10:10.', false, '2026-11-05 10:11:00.000'),
    (5, 'sue@desk.example', 'Thank you, we are looking into it.', false, '2026-11-06 12:30:00.000'),
    (5, 'kim@desk.example', 'Refund is fine with me.', true, '2026-11-07 08:00:00.000');
