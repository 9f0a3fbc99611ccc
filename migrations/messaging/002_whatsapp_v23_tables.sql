-- What WhatsApp's API v23.0 added: reactions, delivery states, flows, shared
-- locations, calls. The backend writes them, users read their own.

CREATE TABLE IF NOT EXISTS public.message_reactions (
	message_id uuid NOT NULL
	    REFERENCES public.messages_v2 (id) ON DELETE CASCADE,
	user_id    uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
	emoji      text NOT NULL,
	reacted_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (message_id, user_id)
);
CREATE INDEX IF NOT EXISTS idx_message_reactions_userid_btree
	ON public.message_reactions USING btree (user_id);

COMMENT ON TABLE public.message_reactions IS
'One reaction a user and message, as WhatsApp has it: a second one replaces the first.';

DO $$ BEGIN
	CREATE TYPE public.delivery_status AS ENUM
	    ('sent', 'delivered', 'read', 'failed');
EXCEPTION WHEN duplicate_object THEN NULL; END $$;

CREATE TABLE IF NOT EXISTS public.message_statuses (
	message_id  uuid NOT NULL
	    REFERENCES public.messages_v2 (id) ON DELETE CASCADE,
	status      public.delivery_status NOT NULL,
	occurred_at timestamptz NOT NULL,
	error_code  integer,
	error_title text,
	PRIMARY KEY (message_id, status)
);

COMMENT ON TABLE public.message_statuses IS
'When a message reached which state; webhooks come in any order and more than once.';

DO $$ BEGIN
	CREATE TYPE public.flow_status AS ENUM
	    ('started', 'completed', 'abandoned');
EXCEPTION WHEN duplicate_object THEN NULL; END $$;

CREATE TABLE IF NOT EXISTS public.flow_sessions (
	id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	user_id    uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
	flow_id    text NOT NULL,
	flow_token text NOT NULL UNIQUE,
	status     public.flow_status NOT NULL DEFAULT 'started',
	response   jsonb,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS idx_flow_sessions_userid_btree
	ON public.flow_sessions USING btree (user_id);

COMMENT ON TABLE public.flow_sessions IS
'A form that was sent to a user, and what came back.';
COMMENT ON COLUMN public.flow_sessions.flow_token IS
'Ours, and sent along: the answer is known by it.';

DROP TRIGGER IF EXISTS t_flow_sessions_updated ON public.flow_sessions;
CREATE TRIGGER t_flow_sessions_updated
	BEFORE UPDATE ON public.flow_sessions
	FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE TABLE IF NOT EXISTS public.user_locations (
	id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	user_id    uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
	message_id uuid REFERENCES public.messages_v2 (id) ON DELETE SET NULL,
	latitude   double precision NOT NULL,
	longitude  double precision NOT NULL,
	name       text,
	address    text,
	shared_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS idx_user_locations_userid_shared_btree
	ON public.user_locations USING btree (user_id, shared_at DESC);
CREATE INDEX IF NOT EXISTS idx_user_locations_messageid_btree
	ON public.user_locations USING btree (message_id);

COMMENT ON TABLE public.user_locations IS
'Places that users have shared; they outlive the message.';

ALTER TABLE public.user_locations
	DROP CONSTRAINT IF EXISTS chk_user_locations_on_earth;
ALTER TABLE public.user_locations
	ADD CONSTRAINT chk_user_locations_on_earth
	CHECK (latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180);

CREATE TABLE IF NOT EXISTS public.call_logs (
	id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	user_id    uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
	wa_call_id text NOT NULL UNIQUE,
	direction  public.msg_direction NOT NULL,
	started_at timestamptz NOT NULL,
	ended_at   timestamptz
);
CREATE INDEX IF NOT EXISTS idx_call_logs_userid_started_btree
	ON public.call_logs USING btree (user_id, started_at DESC);

COMMENT ON COLUMN public.call_logs.ended_at IS
'NULL while the call goes on.';

ALTER TABLE public.call_logs DROP CONSTRAINT IF EXISTS chk_call_logs_times;
ALTER TABLE public.call_logs ADD CONSTRAINT chk_call_logs_times
	CHECK (ended_at >= started_at);

ALTER TABLE public.message_reactions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.message_statuses ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.flow_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.user_locations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.call_logs ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS "message_reactions_select_own"
	ON public.message_reactions;
CREATE POLICY "message_reactions_select_own" ON public.message_reactions
	FOR SELECT
	USING (user_id = (SELECT auth.uid()));

-- messages_v2 has a policy of its own: the sub-select sees own messages only.
DROP POLICY IF EXISTS "message_statuses_select_own"
	ON public.message_statuses;
CREATE POLICY "message_statuses_select_own" ON public.message_statuses
	FOR SELECT
	USING (message_id IN (SELECT m.id FROM public.messages_v2 m));

DROP POLICY IF EXISTS "flow_sessions_select_own" ON public.flow_sessions;
CREATE POLICY "flow_sessions_select_own" ON public.flow_sessions
	FOR SELECT
	USING (user_id = (SELECT auth.uid()));

DROP POLICY IF EXISTS "user_locations_select_own" ON public.user_locations;
CREATE POLICY "user_locations_select_own" ON public.user_locations
	FOR SELECT
	USING (user_id = (SELECT auth.uid()));

DROP POLICY IF EXISTS "call_logs_select_own" ON public.call_logs;
CREATE POLICY "call_logs_select_own" ON public.call_logs
	FOR SELECT
	USING (user_id = (SELECT auth.uid()));
