-- mig: repeatable

-- The whole schema of the podcast platform, in one file. It makes what an empty
-- database lacks, and changes nothing where all is there. mig-apply runs it
-- again whenever its text has changed.
--
-- To change a table, change it here and add ALTER TABLE ... ADD COLUMN IF NOT
-- EXISTS behind it: CREATE TABLE IF NOT EXISTS passes over a table that exists.
--
-- To have it run again with another value of `deals`, raise this number.
-- Revision: 1

-- Only what is left out should be seen, not all that exists already
SET client_min_messages = warning;

-- on or off: whether there is a deal pipeline
SET podcast.deals = :'deals';

-- ------------------------------------------------------------ what it needs

DO $$
DECLARE
	missing text;
BEGIN
	IF current_setting('podcast.deals') NOT IN ('on', 'off') THEN
		RAISE EXCEPTION 'deals is "%", but must be on or off',
		    current_setting('podcast.deals')
		    USING ERRCODE = 'invalid_parameter_value';
	END IF;

	SELECT string_agg(wanted, ', ' ORDER BY wanted) INTO missing
	FROM unnest('{uuid-ossp,pg_trgm,pgcrypto}'::text[]) AS wanted
	WHERE wanted NOT IN (SELECT name FROM pg_available_extensions);
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION 'this server does not have: %', missing
		    USING ERRCODE = 'feature_not_supported',
		    HINT = 'They belong to PostgreSQL''s contrib package.';
	END IF;

	-- The setting is there, for every role, where the library is loaded
	IF current_setting('timescaledb.max_background_workers', true) IS NOT NULL
	    AND current_setting('server_version_num')::int < 150000 THEN
		RAISE EXCEPTION 'PostgreSQL % is too old for TimescaleDB here',
		    current_setting('server_version')
		    USING ERRCODE = 'feature_not_supported',
		    HINT = 'Use 15 or newer, or do not preload timescaledb.';
	END IF;
END
$$;

CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS pgcrypto;

-- What TimescaleDB can do here: community, apache (no policies, no continuous
-- aggregates), or none. To create it where it is not preloaded would end the
-- connection. A database that was made without it stays so.

DO $$
DECLARE
	tier text := 'none';
BEGIN
	IF NOT EXISTS (SELECT FROM pg_available_extensions
	    WHERE name = 'timescaledb') THEN
		RAISE WARNING 'timescaledb is not available';
	ELSIF current_setting('timescaledb.max_background_workers', true)
	    IS NULL THEN
		RAISE WARNING 'timescaledb is not in shared_preload_libraries';
	ELSE
		CREATE EXTENSION IF NOT EXISTS timescaledb;
		tier := CASE current_setting('timescaledb.license')
		    WHEN 'apache' THEN 'apache' ELSE 'community' END;
	END IF;

	IF tier <> 'none' AND EXISTS (SELECT FROM pg_class
	    WHERE oid = to_regclass('public.listener_events')
	    AND relkind = 'p') THEN
		RAISE WARNING 'the tables of events were made without timescaledb, and stay so';
		tier := 'none';
	END IF;

	IF tier = 'none' THEN
		RAISE WARNING 'listener_events and attribution_events are partitioned by month'
		    USING HINT = 'Have cron or pg_cron CALL maintain_events() every day and refresh_metrics_daily() every hour.';
	ELSIF tier = 'apache' THEN
		RAISE WARNING 'this edition of timescaledb has no policies and no continuous aggregates'
		    USING HINT = 'Have cron or pg_cron CALL maintain_events() every day and refresh_metrics_daily() every hour.';
	END IF;
	PERFORM set_config('podcast.tier', tier, false);
END
$$;

-- The application logs in as a member of this role. It is nobody's owner, so
-- row security holds for it.

DO $$
BEGIN
	IF to_regrole('podcast_app') IS NULL THEN
		CREATE ROLE podcast_app NOLOGIN;
	END IF;
EXCEPTION
	-- another database of this server makes it at the same time
	WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

-- Chunks, partitions and other things that nobody uses by name. The parts of a
-- table of events do not have its row security, so the application must not
-- get at them: it has no USAGE here. (In TimescaleDB's own schema for chunks
-- everybody has.)

CREATE SCHEMA IF NOT EXISTS podcast_internal;

COMMENT ON SCHEMA podcast_internal IS
'Chunks and partitions of the event tables, and stored metrics. They know no row security: grant nothing here.';

-- Whose rows are seen: SET app.tenant_id, for a session or a transaction.
-- Without it there is no tenant, and no row.

CREATE OR REPLACE FUNCTION public.current_tenant_id()
RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')::uuid
$$;

COMMENT ON FUNCTION public.current_tenant_id() IS
'The tenant that the setting app.tenant_id names; NULL without one.';

-- ------------------------------------------------------------------ tenants
-- Every table of a tenant has tenant_id, and foreign keys between them hold it
-- too: checks of foreign keys pass row security by, and could otherwise tie a
-- row to another tenant's.

CREATE TABLE IF NOT EXISTS public.tenants (
	id         uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
	name       text NOT NULL CHECK (name <> ''),
	slug       text NOT NULL UNIQUE
	    CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
	status     text NOT NULL DEFAULT 'active'
	    CHECK (status IN ('active', 'suspended', 'closed')),
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE public.tenants IS
'One customer. Made and closed by the owner of the tables only; deleting one deletes all that is his.';

CREATE TABLE IF NOT EXISTS public.tenant_settings (
	tenant_id  uuid PRIMARY KEY DEFAULT public.current_tenant_id()
	    REFERENCES public.tenants (id) ON DELETE CASCADE,
	settings   jsonb NOT NULL DEFAULT '{}'
	    CHECK (jsonb_typeof(settings) = 'object'),
	updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS public.tenant_quotas (
	tenant_id  uuid NOT NULL DEFAULT public.current_tenant_id()
	    REFERENCES public.tenants (id) ON DELETE CASCADE,
	resource   text NOT NULL CHECK (resource ~ '^[a-z_]+$'),
	allowed    bigint NOT NULL CHECK (allowed >= 0),
	used       bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
	updated_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tenant_id, resource)
);

COMMENT ON TABLE public.tenant_quotas IS
'How much of a resource (podcasts, users, storage_bytes, ...) a tenant may use. The application counts in used, and may not change allowed.';

-- -------------------------------------------------------------------- users

CREATE TABLE IF NOT EXISTS public.users (
	id            uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
	tenant_id     uuid NOT NULL DEFAULT public.current_tenant_id()
	    REFERENCES public.tenants (id) ON DELETE CASCADE,
	email         text NOT NULL CHECK (email LIKE '%_@_%'
	    AND email = lower(email)),
	name          text,
	role          text NOT NULL DEFAULT 'member'
	    CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
	password_hash text,
	is_active     boolean NOT NULL DEFAULT true,
	last_login_at timestamptz,
	created_at    timestamptz NOT NULL DEFAULT now(),
	updated_at    timestamptz NOT NULL DEFAULT now(),
	UNIQUE (tenant_id, id),
	UNIQUE (tenant_id, email)
);

COMMENT ON COLUMN public.users.email IS
'In lower case. One user may be in several tenants, with a row in each.';

CREATE TABLE IF NOT EXISTS public.user_email_preferences (
	tenant_id        uuid NOT NULL DEFAULT public.current_tenant_id()
	    REFERENCES public.tenants (id) ON DELETE CASCADE,
	user_id          uuid PRIMARY KEY,
	weekly_digest    boolean NOT NULL DEFAULT true,
	campaign_reports boolean NOT NULL DEFAULT true,
	product_news     boolean NOT NULL DEFAULT false,
	unsubscribed_at  timestamptz,
	updated_at       timestamptz NOT NULL DEFAULT now(),
	FOREIGN KEY (tenant_id, user_id)
	    REFERENCES public.users (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS public.user_metrics (
	tenant_id          uuid NOT NULL DEFAULT public.current_tenant_id()
	    REFERENCES public.tenants (id) ON DELETE CASCADE,
	user_id            uuid NOT NULL,
	day                date NOT NULL,
	logins             integer NOT NULL DEFAULT 0 CHECK (logins >= 0),
	reports_viewed     integer NOT NULL DEFAULT 0
	    CHECK (reports_viewed >= 0),
	episodes_published integer NOT NULL DEFAULT 0
	    CHECK (episodes_published >= 0),
	PRIMARY KEY (user_id, day),
	FOREIGN KEY (tenant_id, user_id)
	    REFERENCES public.users (tenant_id, id) ON DELETE CASCADE
);

-- ------------------------------------------------------------------ content

CREATE TABLE IF NOT EXISTS public.podcasts (
	id          uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
	tenant_id   uuid NOT NULL DEFAULT public.current_tenant_id()
	    REFERENCES public.tenants (id) ON DELETE CASCADE,
	title       text NOT NULL CHECK (title <> ''),
	description text,
	feed_url    text,
	website_url text,
	language    text NOT NULL DEFAULT 'en',
	category    text,
	is_explicit boolean NOT NULL DEFAULT false,
	is_active   boolean NOT NULL DEFAULT true,
	created_at  timestamptz NOT NULL DEFAULT now(),
	updated_at  timestamptz NOT NULL DEFAULT now(),
	UNIQUE (tenant_id, id),
	UNIQUE (tenant_id, feed_url)
);

CREATE TABLE IF NOT EXISTS public.episodes (
	id               uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
	tenant_id        uuid NOT NULL DEFAULT public.current_tenant_id()
	    REFERENCES public.tenants (id) ON DELETE CASCADE,
	podcast_id       uuid NOT NULL,
	title            text NOT NULL CHECK (title <> ''),
	description      text,
	guid             text,
	season           integer CHECK (season >= 0),
	number           integer CHECK (number >= 0),
	duration_seconds integer CHECK (duration_seconds >= 0),
	audio_url        text,
	published_at     timestamptz,
	created_at       timestamptz NOT NULL DEFAULT now(),
	updated_at       timestamptz NOT NULL DEFAULT now(),
	UNIQUE (tenant_id, podcast_id, id),
	UNIQUE (podcast_id, guid),
	FOREIGN KEY (tenant_id, podcast_id)
	    REFERENCES public.podcasts (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON COLUMN public.episodes.guid IS
'As in the feed: an episode that is read again is found by it.';
COMMENT ON COLUMN public.episodes.published_at IS
'NULL: a draft. In the future: planned.';

CREATE TABLE IF NOT EXISTS public.sponsors (
	id            uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
	tenant_id     uuid NOT NULL DEFAULT public.current_tenant_id()
	    REFERENCES public.tenants (id) ON DELETE CASCADE,
	name          text NOT NULL CHECK (name <> ''),
	website_url   text,
	contact_email text,
	is_active     boolean NOT NULL DEFAULT true,
	created_at    timestamptz NOT NULL DEFAULT now(),
	updated_at    timestamptz NOT NULL DEFAULT now(),
	UNIQUE (tenant_id, id),
	UNIQUE (tenant_id, name)
);

-- ---------------------------------------------------------------- campaigns

CREATE TABLE IF NOT EXISTS public.campaigns (
	id                 uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
	tenant_id          uuid NOT NULL DEFAULT public.current_tenant_id()
	    REFERENCES public.tenants (id) ON DELETE CASCADE,
	podcast_id         uuid NOT NULL,
	sponsor_id         uuid,
	name               text NOT NULL CHECK (name <> ''),
	status             text NOT NULL DEFAULT 'draft' CHECK (status IN
	    ('draft', 'active', 'paused', 'completed', 'canceled')),
	attribution_method text NOT NULL DEFAULT 'promo_code'
	    CHECK (attribution_method IN
	    ('promo_code', 'pixel', 'utm', 'survey')),
	promo_code         text,
	budget_cents       bigint CHECK (budget_cents >= 0),
	currency           char(3) NOT NULL DEFAULT 'USD',
	starts_on          date,
	ends_on            date,
	created_at         timestamptz NOT NULL DEFAULT now(),
	updated_at         timestamptz NOT NULL DEFAULT now(),
	CHECK (ends_on >= starts_on),
	UNIQUE (tenant_id, id),
	FOREIGN KEY (tenant_id, podcast_id)
	    REFERENCES public.podcasts (tenant_id, id) ON DELETE CASCADE,
	FOREIGN KEY (tenant_id, sponsor_id)
	    REFERENCES public.sponsors (tenant_id, id)
);

-- ----------------------------------------------------------------- business

CREATE TABLE IF NOT EXISTS public.partnerships (
	id                 uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
	tenant_id          uuid NOT NULL DEFAULT public.current_tenant_id()
	    REFERENCES public.tenants (id) ON DELETE CASCADE,
	partner_name       text NOT NULL CHECK (partner_name <> ''),
	kind               text NOT NULL DEFAULT 'affiliate' CHECK (kind IN
	    ('affiliate', 'agency', 'network', 'technology')),
	status             text NOT NULL DEFAULT 'proposed'
	    CHECK (status IN ('proposed', 'active', 'ended')),
	commission_percent numeric(5, 2)
	    CHECK (commission_percent BETWEEN 0 AND 100),
	starts_on          date,
	ends_on            date,
	created_at         timestamptz NOT NULL DEFAULT now(),
	updated_at         timestamptz NOT NULL DEFAULT now(),
	CHECK (ends_on >= starts_on)
);

CREATE TABLE IF NOT EXISTS public.referrals (
	id               uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
	tenant_id        uuid NOT NULL DEFAULT public.current_tenant_id()
	    REFERENCES public.tenants (id) ON DELETE CASCADE,
	referrer_user_id uuid NOT NULL,
	code             text NOT NULL UNIQUE
	    DEFAULT encode(gen_random_bytes(8), 'hex'),
	referred_email   text CHECK (referred_email = lower(referred_email)),
	status           text NOT NULL DEFAULT 'open'
	    CHECK (status IN ('open', 'converted', 'rewarded', 'expired')),
	reward_cents     bigint NOT NULL DEFAULT 0 CHECK (reward_cents >= 0),
	converted_at     timestamptz,
	created_at       timestamptz NOT NULL DEFAULT now(),
	updated_at       timestamptz NOT NULL DEFAULT now(),
	FOREIGN KEY (tenant_id, referrer_user_id)
	    REFERENCES public.users (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON COLUMN public.referrals.code IS
'Random and not to be guessed: who has it is taken for referred.';

-- Behind a flag. Off makes no table and drops none: one that is there keeps
-- its rows, and the application loses its rights on it until the flag is on.

DO $$
BEGIN
	IF current_setting('podcast.deals') = 'on' THEN
		CREATE TABLE IF NOT EXISTS public.deals (
			id                uuid PRIMARY KEY
			    DEFAULT uuid_generate_v4(),
			tenant_id         uuid NOT NULL
			    DEFAULT public.current_tenant_id()
			    REFERENCES public.tenants (id) ON DELETE CASCADE,
			sponsor_id        uuid NOT NULL,
			owner_user_id     uuid,
			title             text NOT NULL CHECK (title <> ''),
			stage             text NOT NULL DEFAULT 'lead'
			    CHECK (stage IN ('lead', 'contacted', 'proposal',
			    'negotiation', 'won', 'lost')),
			value_cents       bigint CHECK (value_cents >= 0),
			currency          char(3) NOT NULL DEFAULT 'USD',
			expected_close_on date,
			closed_at         timestamptz,
			created_at        timestamptz NOT NULL DEFAULT now(),
			updated_at        timestamptz NOT NULL DEFAULT now(),
			CHECK ((closed_at IS NOT NULL)
			    = (stage IN ('won', 'lost'))),
			FOREIGN KEY (tenant_id, sponsor_id)
			    REFERENCES public.sponsors (tenant_id, id)
			    ON DELETE CASCADE,
			FOREIGN KEY (tenant_id, owner_user_id)
			    REFERENCES public.users (tenant_id, id)
		);
		COMMENT ON TABLE public.deals IS
		'The pipeline of sales to sponsors. There where the schema was applied with deals=on.';
		CREATE INDEX IF NOT EXISTS idx_deals_tenant_id_stage
		    ON public.deals (tenant_id, stage);
		CREATE INDEX IF NOT EXISTS idx_deals_sponsor_id
		    ON public.deals (sponsor_id);
		CREATE INDEX IF NOT EXISTS idx_deals_owner_user_id
		    ON public.deals (owner_user_id);
		GRANT SELECT, INSERT, UPDATE, DELETE ON public.deals
		    TO podcast_app;
	ELSIF to_regclass('public.deals') IS NOT NULL THEN
		REVOKE ALL ON public.deals FROM podcast_app;
		RAISE WARNING 'deals is off: the table stays with its rows, and podcast_app cannot use it';
	END IF;
END
$$;

-- ------------------------------------------------------------------- events
-- Two hypertables of chunks of a week or, without TimescaleDB, tables
-- partitioned by month with a default partition. A key must hold the time.
-- create_hypertable() has its old form here: the new one cannot say where the
-- chunks are to be.

DO $$
DECLARE
	form text := CASE current_setting('podcast.tier') WHEN 'none'
	    THEN 'PARTITION BY RANGE ("timestamp")' ELSE '' END;
	made text;
BEGIN
	IF to_regclass('public.listener_events') IS NULL THEN
		EXECUTE $table$
		CREATE TABLE public.listener_events (
			"timestamp"      timestamptz NOT NULL DEFAULT now(),
			id               uuid NOT NULL
			    DEFAULT uuid_generate_v4(),
			tenant_id        uuid NOT NULL
			    DEFAULT public.current_tenant_id(),
			podcast_id       uuid NOT NULL,
			episode_id       uuid NOT NULL,
			event_type       text NOT NULL CHECK (event_type IN
			    ('download', 'play', 'pause', 'skip', 'complete')),
			listener_id      text NOT NULL,
			position_seconds integer
			    CHECK (position_seconds >= 0),
			duration_seconds integer
			    CHECK (duration_seconds >= 0),
			platform         text,
			country          char(2),
			properties       jsonb NOT NULL DEFAULT '{}',
			PRIMARY KEY (id, "timestamp"),
			FOREIGN KEY (tenant_id, podcast_id, episode_id)
			    REFERENCES public.episodes
			    (tenant_id, podcast_id, id) ON DELETE CASCADE
		) $table$ || form;
	END IF;

	IF to_regclass('public.attribution_events') IS NULL THEN
		EXECUTE $table$
		CREATE TABLE public.attribution_events (
			"timestamp"      timestamptz NOT NULL DEFAULT now(),
			id               uuid NOT NULL
			    DEFAULT uuid_generate_v4(),
			tenant_id        uuid NOT NULL
			    DEFAULT public.current_tenant_id(),
			campaign_id      uuid NOT NULL,
			event_type       text NOT NULL CHECK (event_type IN
			    ('impression', 'click', 'visit', 'signup',
			    'purchase')),
			visitor_id       text,
			promo_code       text,
			value_cents      bigint NOT NULL DEFAULT 0
			    CHECK (value_cents >= 0),
			properties       jsonb NOT NULL DEFAULT '{}',
			PRIMARY KEY (id, "timestamp"),
			FOREIGN KEY (tenant_id, campaign_id)
			    REFERENCES public.campaigns (tenant_id, id)
			    ON DELETE CASCADE
		) $table$ || form;
	END IF;

	FOREACH made IN ARRAY '{listener_events,attribution_events}'::text[]
	LOOP
		IF form = '' THEN
			PERFORM create_hypertable(
			    format('public.%I', made)::regclass, 'timestamp',
			    associated_schema_name => 'podcast_internal',
			    chunk_time_interval => interval '7 days',
			    create_default_indexes => false,
			    if_not_exists => true);
		ELSE
			EXECUTE format('CREATE TABLE IF NOT EXISTS
			    podcast_internal.%I PARTITION OF public.%I DEFAULT',
			    made || '_default', made);
		END IF;
	END LOOP;
END
$$;

COMMENT ON TABLE public.listener_events IS
'What listeners do, by time. Kept two years; metrics_daily is kept.';
COMMENT ON COLUMN public.listener_events.listener_id IS
'A pseudonym that the application makes, as a hash: no address, no name.';
COMMENT ON COLUMN public.listener_events.duration_seconds IS
'How long was listened, where the event tells it.';
COMMENT ON TABLE public.attribution_events IS
'What came of a campaign, by time. Kept two years.';

-- ------------------------------------------------------------------ metrics
-- metrics_daily has one row an episode and day (of UTC). It is a continuous
-- aggregate or, without, a view of a table that refresh_metrics_daily() fills.
-- Days whose events were dropped by age stay in both. A materialised view would
-- lose them at its next refresh.
--
-- It shows the rows of all tenants, so it is for the owner alone;
-- tenant_metrics_daily is for the application. TimescaleDB therefore refuses a
-- continuous aggregate over a table that has row security already. It
-- allows it in this order.

CREATE TABLE IF NOT EXISTS podcast_internal.dropped (
	before timestamptz NOT NULL
);

COMMENT ON TABLE podcast_internal.dropped IS
'At most one row: listener events before this time were dropped by age, so metrics of these days are not computed again.';

DO $$
BEGIN
	IF to_regclass('public.metrics_daily') IS NOT NULL THEN
		RETURN;
	END IF;
	IF current_setting('podcast.tier') = 'community' THEN
		ALTER TABLE public.listener_events DISABLE ROW LEVEL SECURITY;
		CREATE MATERIALIZED VIEW public.metrics_daily
		WITH (timescaledb.continuous,
		    timescaledb.materialized_only = true) AS
		SELECT time_bucket('1 day', "timestamp") AS day,
			tenant_id, podcast_id, episode_id,
			count(*) AS events,
			count(*) FILTER (WHERE event_type = 'download')
			    AS downloads,
			count(*) FILTER (WHERE event_type = 'play') AS plays,
			count(*) FILTER (WHERE event_type = 'complete')
			    AS completions,
			count(DISTINCT listener_id) AS unique_listeners,
			coalesce(sum(duration_seconds), 0) AS listening_seconds
		FROM public.listener_events
		GROUP BY 1, 2, 3, 4
		WITH NO DATA;
		ALTER TABLE public.listener_events ENABLE ROW LEVEL SECURITY;
		RETURN;
	END IF;
	CREATE TABLE podcast_internal.metrics_daily (
		day               timestamptz NOT NULL,
		tenant_id         uuid NOT NULL,
		podcast_id        uuid NOT NULL,
		episode_id        uuid NOT NULL,
		events            bigint NOT NULL,
		downloads         bigint NOT NULL,
		plays             bigint NOT NULL,
		completions       bigint NOT NULL,
		unique_listeners  bigint NOT NULL,
		listening_seconds bigint NOT NULL,
		PRIMARY KEY (episode_id, day),
		FOREIGN KEY (tenant_id, podcast_id, episode_id)
		    REFERENCES public.episodes (tenant_id, podcast_id, id)
		    ON DELETE CASCADE
	);
	CREATE INDEX ON podcast_internal.metrics_daily (tenant_id, day);
	CREATE VIEW public.metrics_daily AS
	SELECT * FROM podcast_internal.metrics_daily;
END
$$;

COMMENT ON VIEW public.metrics_daily IS
'One row an episode and day of UTC, of all tenants: grant it to nobody who is a tenant.';

CREATE OR REPLACE VIEW public.tenant_metrics_daily
WITH (security_barrier) AS
SELECT day, tenant_id, podcast_id, episode_id, events, downloads, plays,
	completions, unique_listeners, listening_seconds
FROM public.metrics_daily
WHERE tenant_id = (SELECT public.current_tenant_id());

COMMENT ON VIEW public.tenant_metrics_daily IS
'metrics_daily of the tenant that app.tenant_id names.';

-- The days that lie wholly between the two times; NULL: no bound. Those of which
-- the events were dropped by age stay as they are. To be called by itself, not
-- within BEGIN and COMMIT: TimescaleDB commits on its own.

CREATE OR REPLACE PROCEDURE public.refresh_metrics_daily(
	p_from timestamptz DEFAULT NULL,
	p_to   timestamptz DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	first_day timestamptz;
	end_day   timestamptz := 'infinity';
	oldest    timestamptz;
BEGIN
	SELECT greatest(p_from, max(before)) INTO first_day
	FROM podcast_internal.dropped;
	IF (SELECT relkind FROM pg_class
	    WHERE oid = 'public.listener_events'::regclass) = 'r' THEN
		SELECT min(range_start) INTO oldest
		FROM timescaledb_information.chunks
		WHERE hypertable_schema = 'public'
		AND hypertable_name = 'listener_events';
		IF oldest IS NULL THEN
			RETURN;
		END IF;
		first_day := greatest(first_day, oldest);
	END IF;

	IF to_regclass('podcast_internal.metrics_daily') IS NULL THEN
		-- An error of TimescaleDB otherwise
		IF p_to < first_day + interval '1 day' THEN
			RETURN;
		END IF;
		CALL refresh_continuous_aggregate('public.metrics_daily',
		    first_day, p_to);
		RETURN;
	END IF;

	-- One refresh at a time; nobody who reads has to wait
	LOCK TABLE podcast_internal.metrics_daily
	    IN SHARE ROW EXCLUSIVE MODE;
	first_day := coalesce(date_trunc('day', first_day + interval '1 day'
	    - interval '1 microsecond', 'UTC'), '-infinity');
	IF p_to IS NOT NULL THEN
		end_day := date_trunc('day', p_to, 'UTC');
	END IF;

	DELETE FROM podcast_internal.metrics_daily
	WHERE day >= first_day AND day < end_day;
	INSERT INTO podcast_internal.metrics_daily
	SELECT date_trunc('day', "timestamp", 'UTC'),
		tenant_id, podcast_id, episode_id,
		count(*),
		count(*) FILTER (WHERE event_type = 'download'),
		count(*) FILTER (WHERE event_type = 'play'),
		count(*) FILTER (WHERE event_type = 'complete'),
		count(DISTINCT listener_id),
		coalesce(sum(duration_seconds), 0)
	FROM public.listener_events
	WHERE "timestamp" >= first_day AND "timestamp" < end_day
	GROUP BY 1, 2, 3, 4;
END
$$;

COMMENT ON PROCEDURE public.refresh_metrics_daily(timestamptz, timestamptz) IS
'Brings metrics_daily up to date for the days between two times, or for all. The same call in every edition.';

-- ------------------------------------------------------------------ indexes

CREATE INDEX IF NOT EXISTS idx_users_tenant_id ON public.users (tenant_id);
CREATE INDEX IF NOT EXISTS idx_users_email ON public.users (email);
CREATE INDEX IF NOT EXISTS idx_user_email_preferences_tenant_id
	ON public.user_email_preferences (tenant_id);
CREATE INDEX IF NOT EXISTS idx_user_metrics_tenant_id_day
	ON public.user_metrics (tenant_id, day);
CREATE INDEX IF NOT EXISTS idx_podcasts_title_trgm
	ON public.podcasts USING gin (title gin_trgm_ops);
CREATE INDEX IF NOT EXISTS idx_episodes_podcast_id_published_at
	ON public.episodes (podcast_id, published_at DESC);
CREATE INDEX IF NOT EXISTS idx_episodes_title_trgm
	ON public.episodes USING gin (title gin_trgm_ops);
CREATE INDEX IF NOT EXISTS idx_sponsors_name_trgm
	ON public.sponsors USING gin (name gin_trgm_ops);
CREATE INDEX IF NOT EXISTS idx_campaigns_podcast_id
	ON public.campaigns (podcast_id);
CREATE INDEX IF NOT EXISTS idx_campaigns_sponsor_id
	ON public.campaigns (sponsor_id);
CREATE INDEX IF NOT EXISTS idx_campaigns_active
	ON public.campaigns (tenant_id, ends_on) WHERE status = 'active';
CREATE INDEX IF NOT EXISTS idx_partnerships_tenant_id
	ON public.partnerships (tenant_id);
CREATE INDEX IF NOT EXISTS idx_referrals_tenant_id
	ON public.referrals (tenant_id);
CREATE INDEX IF NOT EXISTS idx_referrals_referrer_user_id
	ON public.referrals (referrer_user_id);

CREATE INDEX IF NOT EXISTS idx_listener_events_timestamp
	ON public.listener_events ("timestamp" DESC);
CREATE INDEX IF NOT EXISTS idx_listener_events_tenant_id
	ON public.listener_events (tenant_id, "timestamp" DESC);
CREATE INDEX IF NOT EXISTS idx_listener_events_episode_id
	ON public.listener_events (episode_id, "timestamp" DESC);
CREATE INDEX IF NOT EXISTS idx_attribution_events_timestamp
	ON public.attribution_events ("timestamp" DESC);
CREATE INDEX IF NOT EXISTS idx_attribution_events_tenant_id
	ON public.attribution_events (tenant_id, "timestamp" DESC);
CREATE INDEX IF NOT EXISTS idx_attribution_events_campaign_id
	ON public.attribution_events (campaign_id, "timestamp" DESC);

-- ----------------------------------------------------------------- upkeep

CREATE OR REPLACE FUNCTION podcast_internal.touch()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	NEW.updated_at := now();
	RETURN NEW;
END
$$;

-- A partition for a month, with what the default partition has of it.

CREATE OR REPLACE FUNCTION podcast_internal.add_partition(
	p_table text, p_month date)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	part text := p_table || to_char(p_month, '"_"YYYYMM');
	low  timestamptz := p_month::timestamp AT TIME ZONE 'UTC';
	high timestamptz := (p_month + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
	IF to_regclass(format('podcast_internal.%I', part)) IS NOT NULL THEN
		RETURN;
	END IF;
	EXECUTE format('CREATE TABLE podcast_internal.%I
	    (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
	    part, p_table);
	EXECUTE format('WITH moved AS (DELETE FROM podcast_internal.%I
	    WHERE "timestamp" >= $1 AND "timestamp" < $2 RETURNING *)
	    INSERT INTO podcast_internal.%I SELECT * FROM moved',
	    p_table || '_default', part) USING low, high;
	EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION
	    podcast_internal.%I FOR VALUES FROM (%L) TO (%L)',
	    p_table, part, low, high);
END
$$;

-- Partitions for the months to come, and away with events that are too old,
-- whole chunks or months at a time. Their metrics are computed first, and kept.
-- To be called by itself, like refresh_metrics_daily().

CREATE OR REPLACE PROCEDURE public.maintain_events(
	p_keep interval DEFAULT '2 years')
LANGUAGE plpgsql
AS $$
DECLARE
	this_month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
	cut        timestamptz := date_trunc('month',
	    (now() - p_keep) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
	gone       timestamptz := cut;
	parts      boolean;
	events     text;
	old        text;
	i          integer;
BEGIN
	IF p_keep < interval '31 days' THEN
		RAISE EXCEPTION 'keep events for 31 days at least'
		    USING ERRCODE = 'invalid_parameter_value';
	END IF;
	CALL public.refresh_metrics_daily(NULL, cut);

	SELECT relkind = 'p' INTO parts FROM pg_class
	WHERE oid = 'public.listener_events'::regclass;
	IF NOT parts THEN
		-- A chunk that holds the cut stays, so nothing of it is gone
		SELECT max(range_end) INTO gone
		FROM timescaledb_information.chunks
		WHERE hypertable_schema = 'public'
		AND hypertable_name = 'listener_events' AND range_end <= cut;
		PERFORM drop_chunks('public.listener_events', cut);
		PERFORM drop_chunks('public.attribution_events', cut);
	END IF;

	FOREACH events IN ARRAY CASE WHEN parts THEN
	    '{listener_events,attribution_events}'::text[]
	    ELSE '{}'::text[] END
	LOOP
		FOR i IN 0..3 LOOP
			PERFORM podcast_internal.add_partition(events,
			    (this_month + make_interval(months => i))::date);
		END LOOP;
		FOR old IN SELECT c.relname
		    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		    WHERE i.inhparent = format('public.%I', events)::regclass
		    AND c.relname ~ '_[0-9]{6}$'
		    AND to_date(right(c.relname, 6), 'YYYYMM')
		        < (cut AT TIME ZONE 'UTC')::date
		LOOP
			EXECUTE format('DROP TABLE podcast_internal.%I', old);
		END LOOP;
		EXECUTE format('DELETE FROM podcast_internal.%I
		    WHERE "timestamp" < $1', events || '_default') USING cut;
	END LOOP;

	DELETE FROM podcast_internal.dropped WHERE before < gone;
	INSERT INTO podcast_internal.dropped
	SELECT gone WHERE gone IS NOT NULL
	AND NOT EXISTS (SELECT FROM podcast_internal.dropped);
END
$$;

COMMENT ON PROCEDURE public.maintain_events(interval) IS
'Drops events older than p_keep, and makes the partitions of the next months where there are partitions. For every day; the community edition of TimescaleDB has policies for it.';

DO $$
DECLARE
	events text;
BEGIN
	IF current_setting('podcast.tier') = 'community' THEN
		-- To change one of these, remove it before: with other
		-- arguments an existing policy stays as it is.
		FOREACH events IN ARRAY
		    '{listener_events,attribution_events}'::text[]
		LOOP
			PERFORM add_retention_policy(
			    format('public.%I', events)::regclass,
			    interval '2 years', if_not_exists => true,
			    schedule_interval => interval '1 day');
		END LOOP;
		IF to_regclass('podcast_internal.metrics_daily') IS NULL THEN
			PERFORM add_continuous_aggregate_policy(
			    'public.metrics_daily',
			    start_offset => interval '30 days',
			    end_offset => NULL,
			    schedule_interval => interval '1 hour',
			    if_not_exists => true);
		END IF;
	ELSIF current_setting('podcast.tier') = 'none' THEN
		FOREACH events IN ARRAY
		    '{listener_events,attribution_events}'::text[]
		LOOP
			FOR i IN -1..3 LOOP
				PERFORM podcast_internal.add_partition(events,
				    (date_trunc('month', now() AT TIME ZONE 'UTC')
				    + make_interval(months => i))::date);
			END LOOP;
		END LOOP;
	END IF;
END
$$;

-- --------------------------------------------------- row security and rights
-- Every table in public with a tenant_id is the tenants', also one that is
-- added here tomorrow. The owner sees all; nothing is forced upon him, since
-- metrics are computed by him.
-- The tables of events have = ANY, which is = in another form: TimescaleDB 2.19
-- fails to plan an UPDATE or DELETE whose own tenant_id = ... joins the policy's.

DO $$
DECLARE
	t record;
BEGIN
	FOR t IN
		SELECT c.oid::regclass AS name, a.attname AS key,
			CASE WHEN c.relname LIKE '%\_events'
			    THEN 'ANY (ARRAY[(SELECT public.current_tenant_id())])'
			    ELSE '(SELECT public.current_tenant_id())' END
			    AS tenant,
			EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid
			    AND p.polname = 'tenant_isolation') AS exists
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		    AND NOT a.attisdropped AND a.attname =
		    CASE c.relname WHEN 'tenants' THEN 'id'
		    ELSE 'tenant_id' END
		WHERE c.relnamespace = 'public'::regnamespace
		AND c.relkind IN ('r', 'p') AND NOT c.relispartition
		ORDER BY c.relname
	LOOP
		EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY',
		    t.name);
		EXECUTE format('%s POLICY tenant_isolation ON %s
		    USING (%I = %s)',
		    CASE WHEN t.exists THEN 'ALTER' ELSE 'CREATE' END,
		    t.name, t.key, t.tenant);
	END LOOP;

	FOR t IN
		SELECT c.oid::regclass AS name
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		    AND NOT a.attisdropped AND a.attname = 'updated_at'
		WHERE c.relnamespace = 'public'::regnamespace
		AND c.relkind = 'r'
		AND NOT EXISTS (SELECT FROM pg_trigger
		    WHERE tgrelid = c.oid AND tgname = 'touch')
		ORDER BY c.relname
	LOOP
		EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON %s
		    FOR EACH ROW EXECUTE FUNCTION podcast_internal.touch()',
		    t.name);
	END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO podcast_app;
GRANT SELECT ON public.tenants, public.tenant_quotas,
	public.tenant_metrics_daily TO podcast_app;
GRANT UPDATE (used) ON public.tenant_quotas TO podcast_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON
	public.tenant_settings,
	public.users, public.user_email_preferences, public.user_metrics,
	public.podcasts, public.episodes, public.sponsors,
	public.campaigns, public.partnerships, public.referrals,
	public.listener_events, public.attribution_events
	TO podcast_app;
REVOKE EXECUTE ON PROCEDURE
	public.refresh_metrics_daily(timestamptz, timestamptz),
	public.maintain_events(interval) FROM PUBLIC;

-- ---------------------------------------------------------------- at the end
-- A name that was taken already, by a view perhaps, passes IF NOT EXISTS.

DO $$
DECLARE
	missing text;
BEGIN
	SELECT string_agg(wanted, ', ') INTO missing
	FROM unnest('{tenants,users,podcasts,episodes,campaigns,listener_events}'
	    ::text[]) AS wanted
	WHERE NOT EXISTS (SELECT FROM information_schema.tables
	    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
	    AND table_name = wanted);
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION 'no tables of public: %', missing;
	END IF;
END
$$;

RESET podcast.tier;
RESET podcast.deals;
RESET client_min_messages;
