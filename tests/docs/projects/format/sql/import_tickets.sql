update tickets set size = 1 where size is null
