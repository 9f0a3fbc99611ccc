-- Data of a COPY that the server refuses is no SQL.
copy refused from stdin;
select 'data';
\.
copy t from stdin nonsense here;
select 'data';
\.
select 'behind';
