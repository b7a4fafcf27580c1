update tickets set note = '{{ args.by }}' where id = {{ args.ticket }}
