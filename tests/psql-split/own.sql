-- What a splitter must know, for the comparison with psql.
CREATE TABLE t (a int, b text);
select 1; select 2 ;; ; select 3
;
/* lead */ select 1; /* only a comment */ ;
select 'a;''b', "a;""b" from (select 1 as "a;""b") x;
select E'a\';b', e'c\\', 'd\', N'e;''', B'01', X'f', U&'g;\0041', U&"h;" from t;
select E'a'
'b\';
select 'after;';
select $$a;$b$;$$, $x$;$$;$y$;$x$, $_1$;$x$;$_1$, $ä$;$a$;$ä$;
select a$$b;
select 1$$;$$;
select $1;
prepare p as select $1+$2;
select 1 +-- ;
 1, 2 */* ; */ 3, 4 - -5, 6 /* /* ; */ ; */ , 7 @-/* x */ 8;
select 1 /* a */ -- b ;
, 2
-- c ' "
;
create function f() returns int language sql begin atomic
 select 1; select case when true then 2 else 3 end;
end;
create or replace procedure q() language sql
begin atomic
 insert into t values ((case when true then 1 end), 'end');
 select (case 1 when 1 then 2 end);
end;
select 1 as begin; select 2 as "case";
create function g(begin int) returns int return case when true then 1 end;
create rule r as on insert to t where new.a = 0 do also (delete from t; select 1);
copy t from stdin; select 'same line'; select 'goes',
1	'a;b
2	$$
\.
'on';
COPY t (a, "b") FROM STDIN WITH (FORMAT csv, DELIMITER ',');
1,"x;y"
3,\.
\.x
\.
copy public . t from stdout;
1	x
\.
copy t from stdin \; select 1 \; copy t from stdin;
1	'
\.
2	"
\.
copy "stdin" from 'stdin';
copy t to stdout;
copy (select 1 from t) to stdout;
select 1 \; select 2 \; ; select 3;
select a\:b;
select :undefined, :'undefined', :"undefined", 'x'::text, (array[1,2])[1:2];
select 1 as "a:b", ':x' as y, t.a::int from t where a :=: 1;
set standard_conforming_strings to off; select 'a\';
select 'a\';b'; select 1;
set standard_conforming_strings to on; select 'a\';b';
select 'a\';
begin;
set local standard_conforming_strings = off;
select 'a\';b';
commit;
select 'a\';
select 1;;select 2
-- at the end

/* no semicolon */
