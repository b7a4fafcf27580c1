insert into users (email, name) values ('{{ prev.email }}', '{{ row.email }}')
