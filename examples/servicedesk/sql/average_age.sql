-- The view hides that SQLite and PostgreSQL count hours in different words.
select priority, count(*) as tickets, avg(hours) as average_hours
from ticket_ages
where status <> 'Done'
group by priority
order by priority
