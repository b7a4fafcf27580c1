update tickets set note = '{{ args.type }}' where id = {{ args.object }}
