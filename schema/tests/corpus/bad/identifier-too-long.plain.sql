SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE a_name_that_goes_on_and_on_until_postgresql_cuts_it_off_without_a_word (id bigint PRIMARY KEY);
-- found in line 4
